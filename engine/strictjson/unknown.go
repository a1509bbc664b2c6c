package strictjson

import (
	"fmt"
	"strings"
)

// UnknownField names a key that does not exist and, when one is near, the key that was meant.
func UnknownField(what, key string, known []string) *Rejection {
	message := fmt.Sprintf("%s has no `%s`", what, Cut(key))
	for _, k := range known {
		if nearly(strings.ToLower(key), k) {
			message += fmt.Sprintf("; did you mean `%s`?", k)
			break
		}
	}
	return &Rejection{Code: CodeUnknownField, Path: Cut(key), Message: message}
}

// nearly reports whether two words are within two slips of the keyboard.
func nearly(a, b string) bool {
	if d := len(a) - len(b); d > 2 || d < -2 || len(a) > 40 {
		return false
	}
	prev := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur := make([]int, len(b)+1)
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
		}
		prev = cur
	}
	return prev[len(b)] <= 2 && prev[len(b)] < len(b)
}
