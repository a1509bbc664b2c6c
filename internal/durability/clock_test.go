package durability

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/usher-run/usher/actions"
	"github.com/usher-run/usher/engine/clock/clocktest"
	serve "github.com/usher-run/usher/internal/server"
	"github.com/usher-run/usher/playbooks/diag"
	"github.com/usher-run/usher/playbooks/loader"
)

// wrongClock is a machine whose clock can be set.
type wrongClock struct {
	clocktest.Machine
	ahead time.Duration
}

func (c *wrongClock) set(ahead time.Duration) {
	c.Set(ahead - c.ahead)
	c.ahead = ahead
}

// startHere runs the server in this process, where its clock can be set, until the test ends.
func (s *server) startHere(c *wrongClock) {
	s.t.Helper()
	ws, diags := loader.Load(os.DirFS(s.shop), actions.Registry())
	for _, d := range diags {
		if d.Severity == diag.Error {
			s.t.Fatal(d)
		}
	}
	ready := make(chan struct{})
	srv, err := serve.New(serve.Options{
		Workspace: ws, Addr: s.addr, DB: "sqlite:" + s.database(), Redis: serve.EmbeddedRedis, Roles: serve.Roles,
		Keys: "admin:" + key, Machine: c.Read, Ready: func(serve.Ready) { close(ready) },
		Env: func(name string) (string, bool) {
			return "smtp://" + s.sink.mail.Addr().String(), name == "SMTP_URL"
		},
	})
	if err != nil {
		s.t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- srv.Run(ctx) }()
	s.t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			s.t.Error(err)
		}
	})
	<-ready
}

// The machine's clock is set while orders come in: nobody's orders, waits or messages suffer.
func TestClocks(t *testing.T) {
	tests := []struct {
		name       string
		then, last time.Duration // how far it is ahead after a third of the load, and after two
	}{
		{"clock an hour back", -time.Hour, -time.Hour},
		{"clock a day forward", 24 * time.Hour, 24 * time.Hour},
		{"clock a day forward for a moment", 24 * time.Hour, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var clock wrongClock
			s := newServer(t)
			s.startHere(&clock)
			l := newLoad(t, s.url(), short(60, 1200), 4, 20*time.Millisecond)
			l.start()
			for i, ahead := range []time.Duration{tt.then, tt.last} {
				s.untilAcknowledged(l, l.members*l.each*(i+1)/3)
				clock.set(ahead)
			}
			l.wait()
			s.holds(tt.name, 0, l.now())
		})
	}
}
