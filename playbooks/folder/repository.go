package folder

import (
	"os"
	"path/filepath"
	"strings"
)

// InRepository returns where a workspace lies in its git repository, else in the current folder; ""
// when in neither.
func InRepository(dir string) string {
	abs, err := filepath.Abs(dir)
	if err != nil {
		return ""
	}
	if resolved, err := filepath.EvalSymlinks(abs); err == nil {
		abs = resolved
	}
	for root := abs; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, ".git")); err == nil {
			return below(root, abs)
		}
		if root == filepath.Dir(root) {
			break
		}
	}
	here, err := os.Getwd()
	if err != nil {
		return ""
	}
	if resolved, err := filepath.EvalSymlinks(here); err == nil {
		here = resolved
	}
	return below(here, abs)
}

func below(root, dir string) string {
	rel, err := filepath.Rel(root, dir)
	if err != nil || strings.HasPrefix(rel, "..") || rel == "." {
		return ""
	}
	return filepath.ToSlash(rel)
}
