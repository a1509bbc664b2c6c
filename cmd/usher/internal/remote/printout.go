package remote

import (
	"github.com/usher-run/usher/internal/page"
)

// printout is a page of what these commands show.
type printout struct{ page.Page }
