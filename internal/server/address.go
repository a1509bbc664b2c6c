package server

import (
	"net"
	"strconv"
	"strings"
)

// checkAddress reports what is wrong with an address to listen on, with what was probably meant.
func checkAddress(addr string) error {
	plain := addr
	if _, rest, ok := strings.Cut(plain, "://"); ok {
		plain = strings.TrimRight(rest, "/")
	}
	plain = strings.ReplaceAll(strings.TrimSpace(plain), "：", ":")
	switch port, err := strconv.Atoi(plain); {
	case err == nil && isPort(port):
		return settingErrorf("--addr must be HOST:PORT, got %q; write `127.0.0.1:%d`, or `:%d` for all networks of this machine", addr, port, port)
	case !strings.Contains(plain, ":") && plain != "":
		return settingErrorf("--addr must be HOST:PORT, got %q; write `%s:8080`", addr, plain)
	}
	host, word, err := net.SplitHostPort(plain)
	port, notANumber := strconv.Atoi(word)
	switch {
	case err != nil && net.ParseIP(plain) != nil:
		return settingErrorf("--addr must be HOST:PORT, got %q; write `[%s]:8080`", addr, plain)
	case err != nil:
		return settingErrorf("--addr must be HOST:PORT like 127.0.0.1:8080, got %q", addr)
	case notANumber != nil, port != 0 && !isPort(port):
		return settingErrorf("--addr: a port is a number from 1 to 65535, got %q; write `%s`", word,
			net.JoinHostPort(host, "8080"))
	case plain != addr:
		return settingErrorf("--addr must be HOST:PORT, got %q; write `%s`", addr, plain)
	}
	return nil
}

func isPort(n int) bool { return n > 0 && n < 1<<16 }

// MeantURL returns which address of a server was probably meant, empty when it is anybody's guess.
func MeantURL(base string) string {
	plain := strings.ReplaceAll(strings.TrimSpace(base), "：", ":")
	_, rest, schemed := strings.Cut(plain, "://")
	if !schemed {
		rest = strings.TrimLeft(plain, "/")
	}
	if port, err := strconv.Atoi(rest); err == nil && isPort(port) {
		return "http://127.0.0.1:" + rest
	}
	host, port, err := net.SplitHostPort(rest)
	n, notANumber := strconv.Atoi(port)
	switch {
	case err != nil || notANumber != nil || !isPort(n):
		return ""
	case host == "":
		return "http://127.0.0.1:" + port
	}
	return "http://" + net.JoinHostPort(host, port)
}
