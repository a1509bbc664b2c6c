package main

import (
	"io"

	"github.com/usher-run/usher/internal/page"
)

// printout is a page of what these commands show.
type printout struct{ page.Page }

func (c *cli) screenOf(w io.Writer) page.Screen { return page.ScreenOf(w, c.env) }
