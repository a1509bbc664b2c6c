// Package channel carries messages out: one file per channel type. A channel declares itself once
// ([Specs]) and is made from its entry in usher.yaml ([New]).
package channel

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/usher-run/usher/engine"
	"github.com/usher-run/usher/playbooks"
	"github.com/usher-run/usher/playbooks/schema"
)

// Sender carries out deliveries of one channel. It is safe for concurrent use. Attempts count from
// 1.
//
// A nil error means that the receiver has taken the message; providerID is what it calls the
// message, empty when it does not say. A [*PermanentError] will never go
// better, a [*RetryAfterError] says when to try again, after a [*PutOffError] nothing was tried;
// every other error is passing.
type Sender interface {
	Send(ctx context.Context, d engine.Delivery, attempt int) (providerID string, err error)
}

// PermanentError says that trying again cannot help.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }
func (e *PermanentError) Unwrap() error { return e.Err }

// RetryAfterError says when the receiver wants to be asked again.
type RetryAfterError struct {
	After time.Duration
	Err   error
}

func (e *RetryAfterError) Error() string {
	if e.Err == nil {
		return fmt.Sprintf("asked to try again after %s", e.After)
	}
	return fmt.Sprintf("%s (asked to try again after %s)", e.Err, e.After)
}
func (e *RetryAfterError) Unwrap() error { return e.Err }

// Deps is what channels need from outside.
type Deps struct {
	Out     io.Writer            // where the log channel writes
	Now     func() time.Time     // the machine's clock
	Counted func(channel string) // called by the null channel for each message; may be nil
	// Addressed: messages carry the address of whom they go to, where the channel's own would stand.
	Addressed bool
	Paces     *Paces // limits of providers, kept over all that is made with it; nil: for this channel alone
}

// declared binds a channel type's declaration to its making.
type declared struct {
	spec schema.ChannelSpec
	make func(name string, config map[string]string, deps Deps) (Sender, error)
}

func all() []declared {
	return []declared{
		declareLog(), declareNull(), declareSMTP(), declareWecomRobot(), declareDingtalkRobot(), declareFeishuRobot(),
		declareHTTP(), declareWebhook(),
	}
}

// mostAttached is how many attachments of a kind a message has that no provider bounds.
const mostAttached = 10

// allAttachments declares a channel that can send whatever may hang on a message.
func allAttachments() []schema.AttachSpec {
	var out []schema.AttachSpec
	for _, kind := range schema.AttachmentKinds() {
		out = append(out, schema.AttachSpec{Kind: kind, Most: mostAttached})
	}
	return out
}

// Specs returns the declarations of all channel types, for the checker and the reference.
func Specs() []schema.ChannelSpec {
	var specs []schema.ChannelSpec
	for _, d := range all() {
		d.spec.Check = func(config map[string]string) error {
			_, err := d.make("", config, Deps{})
			return err
		}
		specs = append(specs, d.spec)
	}
	return specs
}

// New makes the sender of a channel. ${NAME} in its config is read from the environment here, and
// nowhere else.
func New(c playbooks.Channel, getenv func(string) (string, bool), deps Deps) (Sender, error) {
	list := all()
	i := slices.IndexFunc(list, func(d declared) bool { return d.spec.Type == c.Type })
	if i < 0 {
		return nil, fmt.Errorf("channel %s: there is no channel type %q", c.Name, c.Type)
	}
	config := make(map[string]string, len(c.Config))
	var errs []error
	for _, f := range list[i].spec.Fields {
		raw, ok := c.Config[f.Name]
		if !ok {
			if f.Required && !(f.Name == list[i].spec.AddressField && c.Reaches != nil) {
				errs = append(errs, fmt.Errorf("channel %s: the field %s is missing", c.Name, f.Name))
			}
			continue
		}
		value, err := Expand(fmt.Sprint(raw), getenv)
		if err != nil {
			errs = append(errs, fmt.Errorf("channel %s: the field %s %w", c.Name, f.Name, err))
			continue
		}
		config[f.Name] = value
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	deps.Addressed = c.Reaches != nil
	s, err := list[i].make(c.Name, config, deps)
	if err != nil {
		return nil, fmt.Errorf("channel %s: %w", c.Name, err)
	}
	return s, nil
}

// Expand replaces each ${NAME} by the environment's value. An unset or empty one is an error that
// names it.
func Expand(s string, getenv func(string) (string, bool)) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(s, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed || name == "" {
			return "", errors.New("has a ${ without its name and closing }")
		}
		value, ok := getenv(name)
		if !ok || value == "" {
			return "", fmt.Errorf("needs ${%s}, but the environment has no %s", name, name)
		}
		b.WriteString(value)
		s = after
	}
}
