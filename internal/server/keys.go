package server

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/usher-run/usher/api"
	"github.com/usher-run/usher/engine/store/sqlite/hold"
	"github.com/usher-run/usher/internal/settings"
	"github.com/usher-run/usher/internal/statedir"
)

// AdminKey is the key that is made for a server without Options.Keys. It is empty for one with
// them.
type AdminKey struct {
	Secret, Path string
	Made         bool // just now
}

// openKeys returns the API keys: those of the options, else the one kept beside the database, made
// when there is none.
func openKeys(list, dbPath string) ([]api.Key, AdminKey, error) {
	if list != "" {
		keys, err := api.ParseKeys(list)
		if err != nil {
			return nil, AdminKey{}, fmt.Errorf("%s: %w", settings.APIKeys.Env, err)
		}
		return keys, AdminKey{}, nil
	}
	k := AdminKey{Path: filepath.Join(filepath.Dir(dbPath), statedir.KeyFile)}
	text, err := os.ReadFile(k.Path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := k.make(); err != nil {
			return nil, k, err
		}
	case err != nil:
		return nil, k, fmt.Errorf("read the admin key: %w", err)
	default:
		if err := hold.Private(k.Path); err != nil {
			return nil, k, err
		}
		if k.Secret = strings.TrimSpace(string(text)); len(k.Secret) < 16 {
			return nil, k, fmt.Errorf("the admin key in %s is too short: remove the file, and a new one is made", k.Path)
		}
	}
	return []api.Key{api.NewKey(api.ScopeAdmin, k.Secret)}, k, nil
}

// make makes a key and keeps it in the file.
func (k *AdminKey) make() error {
	var raw [24]byte
	if _, err := rand.Read(raw[:]); err != nil {
		return fmt.Errorf("make an admin key: %w", err)
	}
	k.Secret, k.Made = "usher_"+base64.RawURLEncoding.EncodeToString(raw[:]), true
	f, err := os.OpenFile(k.Path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("another server has just made its admin key in %s: start this one again", k.Path)
	}
	if err != nil {
		return fmt.Errorf("keep the admin key: %w", err)
	}
	_, err = fmt.Fprintln(f, k.Secret)
	if err := errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("keep the admin key: %w", err)
	}
	return nil
}
