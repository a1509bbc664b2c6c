package deliveryrows

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"github.com/usher-run/usher/engine/store"
	"github.com/usher-run/usher/engine/store/sqlite/sqlconn"
)

// Due returns what is due of a channel, but for the deliveries whose numbers are held: the oldest, and
// a share of the newest when there are more.
func Due(c *sqlconn.Conn, channel string, now time.Time, held []int64, limit int) ([]store.Attempted, error) {
	numbers, err := json.Marshal(append([]int64{}, held...)) // never null, which would be in no list, nor out of one
	if err != nil {
		return nil, err
	}
	due := `FROM deliveries d INDEXED BY deliveries_pending
			WHERE d.channel = ? AND d.state = 'pending' AND d.not_before <= (SELECT ?)
				AND d.n NOT IN (SELECT value FROM json_each(?)) `
	args := []any{channel, now.UnixMilli(), string(numbers)}
	// Parameters in a LIMIT make SQLite compile the statement anew each time it runs.
	oldest := due + "ORDER BY d.not_before, d.n LIMIT " + strconv.Itoa(limit)
	list, err := read(c, oldest, args...)
	if err != nil || len(list) < limit {
		return list, err
	}
	n := limit / store.NewestShare
	newest := "FROM (SELECT * " + due + "ORDER BY d.not_before DESC, d.n DESC LIMIT " +
		strconv.Itoa(4*n) + `) d WHERE NOT EXISTS (SELECT 1 FROM deliveries p INDEXED BY deliveries_subject
				WHERE p.subject = d.subject AND p.state IN ('pending', 'deferred') AND p.state = 'pending'
					AND p.channel = d.channel AND (p.not_before, p.n) < (d.not_before, d.n)) LIMIT ` + strconv.Itoa(n)
	young, err := read(c, newest, args...)
	return mixed(young, list, limit), err
}

// mixed returns the newest deliveries and behind them as many of the oldest as there is room for, each
// once.
func mixed(newest, oldest []store.Attempted, limit int) []store.Attempted {
	list := newest
	for i := range oldest {
		is := func(d store.Attempted) bool { return d.N == oldest[i].N }
		if len(list) < limit && !slices.ContainsFunc(newest, is) {
			list = append(list, oldest[i])
		}
	}
	return list
}

// Owed returns the channels that something is due of, and when it is next of another: a few seeks a
// channel, whatever is pending.
func Owed(c *sqlconn.Conn, now time.Time) (channels []string, next time.Time, err error) {
	channel := ""
	for {
		more, err := nextChannel(c, &channel)
		if err != nil || !more {
			return channels, next, err
		}
		owed, err := owes(c, channel, now.UnixMilli(), &next)
		if err != nil {
			return nil, next, err
		}
		if owed {
			channels = append(channels, channel)
		}
	}
}

func nextChannel(c *sqlconn.Conn, channel *string) (bool, error) {
	const after = "SELECT channel FROM deliveries INDEXED BY deliveries_pending WHERE state = 'pending' AND channel > ? ORDER BY channel LIMIT 1"
	return c.One(after, []any{*channel}, func(r sqlconn.Row) error {
		*channel = r.Str(0)
		return nil
	})
}

func owes(c *sqlconn.Conn, channel string, now int64, next *time.Time) (owed bool, err error) {
	const first = `SELECT not_before FROM deliveries INDEXED BY deliveries_pending
		WHERE state = 'pending' AND channel = ? AND not_before > ? ORDER BY not_before LIMIT 1`
	for _, after := range []int64{-1, now} {
		_, err := c.One(first, []any{channel, after}, func(r sqlconn.Row) error {
			switch at := r.Int(0); {
			case at <= now:
				owed = true
			case next.IsZero() || at < next.UnixMilli():
				*next = sqlconn.Instant(at)
			}
			return nil
		})
		if err != nil {
			return false, err
		}
	}
	return owed, nil
}
