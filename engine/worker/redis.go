package worker

import (
	"crypto/rand"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
)

// Embedded starts a Redis inside this process, for installations without one. It keeps nothing over
// a restart, and need not: the database has all. It listens on the loopback address, and asks for a
// password that is in opt alone. stop ends it.
func Embedded() (opt asynq.RedisConnOpt, stop func(), err error) {
	m, password := miniredis.NewMiniRedis(), rand.Text()
	m.RequireAuth(password)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, nil, fmt.Errorf("start the embedded Redis: %w", err)
	}
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() { // its keys expire only when it is told that time has passed
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				m.FastForward(time.Second)
			case <-done:
				return
			}
		}
	})
	return asynq.RedisClientOpt{Addr: m.Addr(), Password: password}, sync.OnceFunc(func() {
		close(done)
		wg.Wait()
		m.Close()
	}), nil
}

// ParseRedis reads redis://, rediss://, redis-socket://, redis-sentinel:// and redis-cluster://
// addresses.
func ParseRedis(uri string) (asynq.RedisConnOpt, error) {
	u, err := url.Parse(uri)
	if err != nil {
		return nil, fmt.Errorf("read the Redis address: %w", err)
	}
	if u.Scheme == "redis-cluster" {
		opt := asynq.RedisClusterClientOpt{Addrs: strings.Split(u.Host, ",")}
		if u.User != nil {
			opt.Username = u.User.Username()
			opt.Password, _ = u.User.Password()
		}
		return opt, nil
	}
	opt, err := asynq.ParseRedisURI(uri)
	if err != nil {
		return nil, fmt.Errorf("read the Redis address: %w", err)
	}
	// The parser drops the user name of Redis' access lists.
	if c, ok := opt.(asynq.RedisClientOpt); ok && u.User != nil {
		c.Username = u.User.Username()
		opt = c
	}
	return opt, nil
}
