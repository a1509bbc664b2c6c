// Package migrations has the tables of a database, and brings a database up to date.
package migrations

import (
	"context"
	"database/sql"
	"embed"
	"errors"

	"github.com/pressly/goose/v3"
)

// Files are the statements that make the tables.
//
//go:embed *.sql
var Files embed.FS

// Up makes the tables that a database lacks.
func Up(ctx context.Context, dsn string) (err error) {
	pool, err := sql.Open("sqlite", dsn)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	pool.SetMaxOpenConns(1)
	p, err := goose.NewProvider(goose.DialectSQLite3, pool, Files)
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}
