package api

import (
	"fmt"
	"io/fs"
	"net/http"

	"github.com/gin-gonic/gin"
	swagger "github.com/swaggo/files/v2"
)

// docsPolicy lets the page load what this server serves and nothing else.
const docsPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; " +
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

const docsPage = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Bellwether API</title>
    <link rel="stylesheet" href="docs/swagger-ui.css">
    <link rel="icon" type="image/png" href="docs/favicon-32x32.png" sizes="32x32">
  </head>
  <body>
    <div id="swagger-ui"></div>
    <script src="docs/swagger-ui-bundle.js"></script>
    <script src="docs/start.js"></script>
  </body>
</html>
`

const docsScript = `window.onload = function () {
  window.ui = SwaggerUIBundle({
    url: "openapi.json",
    dom_id: "#swagger-ui",
    deepLinking: true,
    displayRequestDuration: true,
    docExpansion: "none",
    filter: true,
    persistAuthorization: true,
    tryItOutEnabled: true,
    validatorUrl: null,
    presets: [SwaggerUIBundle.presets.apis],
    layout: "BaseLayout"
  });
};
`

// docsAssets are the files of Swagger UI that the page uses, with their types.
var docsAssets = map[string]string{
	"swagger-ui.css":       "text/css; charset=utf-8",
	"swagger-ui-bundle.js": "text/javascript; charset=utf-8",
	"favicon-32x32.png":    "image/png",
}

// serveDocs serves the OpenAPI document and a page to read and try it, all from this binary.
func (s *server) serveDocs() error {
	asJSON, asYAML, err := s.document()
	if err != nil {
		return err
	}
	s.static("/openapi.json", "application/json", asJSON)
	s.static("/openapi.yaml", "application/yaml", asYAML)
	s.static("/docs", "text/html; charset=utf-8", []byte(docsPage))
	s.static("/docs/start.js", "text/javascript; charset=utf-8", []byte(docsScript))
	for name, contentType := range docsAssets {
		content, err := fs.ReadFile(swagger.FS, name)
		if err != nil {
			return fmt.Errorf("read Swagger UI: %w", err)
		}
		s.static("/docs/"+name, contentType, content)
	}
	s.open("/docs/", func(c *gin.Context) { c.Redirect(http.StatusMovedPermanently, "../docs") })
	return nil
}

// static serves content that does not change while the process lives.
func (s *server) static(path, contentType string, content []byte) {
	s.open(path, func(c *gin.Context) {
		c.Header("Content-Security-Policy", docsPolicy)
		c.Data(http.StatusOK, contentType, content)
	})
}
