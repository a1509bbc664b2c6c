package api

import (
	_ "embed" // the page
	"net/http"

	"github.com/gin-gonic/gin"
)

//go:embed docs.html
var docsPage []byte

func (s *server) getDocs(c *gin.Context) {
	c.Header("Content-Security-Policy", "default-src 'none'; connect-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'")
	c.Data(http.StatusOK, "text/html; charset=utf-8", docsPage)
}
