package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/hibiken/asynq"
)

func asynqOnMiniredis(tasks, workers int) (float64, error) {
	m, err := miniredis.Run()
	if err != nil {
		return 0, fmt.Errorf("start miniredis: %w", err)
	}
	defer m.Close()
	return asynqRate(m.Addr(), tasks, workers)
}

func asynqOnRedis(server string, tasks, workers int) (float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	addr := l.Addr().(*net.TCPAddr)
	l.Close()
	dir, err := os.MkdirTemp("", "usher-bench-redis")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	cmd := exec.Command(server, "--port", strconv.Itoa(addr.Port), "--bind", "127.0.0.1", "--save", "", "--appendonly",
		"no", "--dir", dir)
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("start redis-server: %w", err)
	}
	defer func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}()
	for deadline := time.Now().Add(5 * time.Second); ; {
		c, err := net.Dial("tcp", addr.String())
		if err == nil {
			c.Close()
			break
		}
		if time.Now().After(deadline) {
			return 0, fmt.Errorf("redis-server does not answer: %w", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	return asynqRate(addr.String(), tasks, workers)
}

// asynqRate returns tasks a second from the first Enqueue to the last task processed.
func asynqRate(addr string, tasks, workers int) (float64, error) {
	opt := asynq.RedisClientOpt{Addr: addr}
	done := make(chan struct{})
	var processed atomic.Int64
	srv := asynq.NewServer(opt, asynq.Config{
		Concurrency: workers, LogLevel: asynq.FatalLevel,
		TaskCheckInterval: 5 * time.Millisecond,
	})
	err := srv.Start(asynq.HandlerFunc(func(context.Context, *asynq.Task) error {
		if processed.Add(1) == int64(tasks) {
			close(done)
		}
		return nil
	}))
	if err != nil {
		return 0, fmt.Errorf("start asynq: %w", err)
	}
	defer srv.Shutdown()
	client := asynq.NewClient(opt)
	defer client.Close()
	begin := time.Now()
	var wg sync.WaitGroup
	var failed atomic.Value
	for w := range workers {
		wg.Add(1)
		go func() {
			defer wg.Done()
			for i := w; i < tasks; i += workers {
				if _, err := client.Enqueue(asynq.NewTask("noop", nil)); err != nil {
					failed.Store(err)
					return
				}
			}
		}()
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return 0, fmt.Errorf("enqueue: %w", err)
	}
	<-done
	return float64(tasks) / time.Since(begin).Seconds(), nil
}

// discard reads everything, so that a child never waits for its reader.
func discard(r io.Reader) { _, _ = io.Copy(io.Discard, r) }
