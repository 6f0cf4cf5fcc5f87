package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"

	"github.com/bellwether/bellwether/api/wire"
)

const about = `Bellwether runs API tests unattended and tells whoever needs to know.

**Words.** A *case* is one test; a *pipeline* orders cases; a *trigger* (a *plan* on a schedule or a *gatekeeper* for CI/CD)
binds pipelines; a *run* is one firing of a trigger and holds one *execution* per pipeline and one *result* per case; a
*webhook* receives a *delivery* of every event that it subscribes to.

**Statuses** are integers: -1 queued, 0 running, 1 success, 2 failure, 3 skipped, 4 failed as expected, 5 cancelled, 99 error.
Failure says that what was tested is bad; error says that Bellwether could not tell.

**Lists** answer ` + "`{\"items\": […], \"next\": \"…\"}`" + `. Send *next* as *after* to get the next page; it is absent on the last one.

**Changes** are partial: a PATCH changes the fields that it holds and no others. Every definition has an ETag. Send it as
If-Match to be refused (412) if someone else changed the definition in the meantime, and as If-None-Match to be told (304)
that it did not change. Unknown fields and null are refused.

**Secrets** are answered as ` + "`******`" + ` and stay what they are when that is sent back.

**Problems** are RFC 9457 documents. Their *type* is made for programs, *detail* and *errors* say what is wrong and how to mend
it. Times are RFC 3339 in UTC, durations milliseconds unless their name says otherwise.`

// config is huma's configuration. Its own documents and pages are switched off: they are made on
// first use without a lock, and load scripts from elsewhere.
func (s *server) config() huma.Config {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	// All problems are documented, and answered, as ours.
	registry.RegisterTypeAlias(reflect.TypeFor[huma.ErrorModel](), reflect.TypeFor[wire.Problem]())
	return huma.Config{
		OpenAPI: &huma.OpenAPI{
			OpenAPI: "3.1.0",
			Info: &huma.Info{
				Title: "Bellwether", Version: s.deps.Version, Description: about,
			},
			Components: &huma.Components{
				Schemas: registry,
				SecuritySchemes: map[string]*huma.SecurityScheme{
					"bearer": {Type: "http", Scheme: "bearer", Description: "An API token: bw_…. The first start prints one."},
				},
			},
			Tags: tags(),
		},
		Formats:       map[string]huma.Format{"application/json": jsonFormat(), "json": jsonFormat()},
		DefaultFormat: "application/json",
		Transformers:  []huma.Transformer{translate},
	}
}

// The groups of routes in the documentation.
const (
	tagMe           = "Me"
	tagWorkspaces   = "Workspaces"
	tagUsers        = "Users and tokens"
	tagEnvironments = "Environments"
	tagCases        = "Cases"
	tagPipelines    = "Pipelines"
	tagTriggers     = "Triggers"
	tagRuns         = "Runs"
	tagWebhooks     = "Webhooks and deliveries"
	tagSystem       = "System"
)

func tags() []*huma.Tag {
	return []*huma.Tag{
		{Name: tagRuns, Description: "Start runs, wait for them, read what came of them."},
		{Name: tagTriggers, Description: "Plans and gatekeepers: what starts pipelines."},
		{Name: tagPipelines, Description: "Rules that order cases."},
		{Name: tagCases, Description: "Single tests."},
		{Name: tagEnvironments, Description: "Named sets of variables."},
		{Name: tagWebhooks, Description: "Who is told, and what was sent."},
		{Name: tagWorkspaces, Description: "Teams' spaces and their members."},
		{Name: tagUsers, Description: "Who may use the API."},
		{Name: tagMe, Description: "Who is asking."},
		{Name: tagSystem, Description: "For monitoring and operation."},
	}
}

// document writes the OpenAPI document once, after all routes are known.
func (s *server) document() (asJSON, asYAML []byte, err error) {
	for _, schema := range s.api.OpenAPI().Components.Schemas.Map() {
		neverNull(schema)
	}
	s.shareProblems()
	if asJSON, err = json.MarshalIndent(s.api.OpenAPI(), "", "  "); err != nil {
		return nil, nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	if asYAML, err = s.api.OpenAPI().YAML(); err != nil {
		return nil, nil, fmt.Errorf("write OpenAPI document: %w", err)
	}
	return append(asJSON, '\n'), asYAML, nil
}

// shareProblems documents each status of a problem once, with the types that it stands for, instead
// of at every operation.
func (s *server) shareProblems() {
	doc := s.api.OpenAPI()
	doc.Components.Responses = map[string]*huma.Response{}
	for _, item := range doc.Paths {
		for _, op := range []*huma.Operation{item.Get, item.Post, item.Put, item.Patch, item.Delete} {
			if op == nil {
				continue
			}
			for status, response := range op.Responses {
				code, err := strconv.Atoi(status)
				if err != nil || !isProblem(response) {
					continue
				}
				name := strings.ReplaceAll(http.StatusText(code), " ", "")
				if doc.Components.Responses[name] == nil {
					response.Description = problemText(code)
					doc.Components.Responses[name] = response
				}
				op.Responses[status] = &huma.Response{Ref: "#/components/responses/" + name}
			}
		}
	}
}

func isProblem(response *huma.Response) bool {
	media := response.Content[wire.ProblemMediaType]
	return media != nil && media.Schema != nil && strings.HasSuffix(media.Schema.Ref, "/Problem")
}

// problemText lists what a status can mean.
func problemText(status int) string {
	var lines []string
	for _, k := range kinds {
		line := fmt.Sprintf("%s (`%s`)", k.title, k.urn)
		if k.status == status && !slices.Contains(lines, line) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "; ")
}

// described is the operation as it is documented, for what huma cannot know.
func (s *server) described(method, path string) *huma.Operation {
	item := s.api.OpenAPI().Paths[path]
	if method == http.MethodPost {
		return item.Post
	}
	return item.Get
}

// neverNull corrects huma's assumption that lists may be null: requests refuse null and answers hold
// empty lists.
func neverNull(schema *huma.Schema) {
	if schema == nil {
		return
	}
	schema.Nullable = false
	for _, property := range schema.Properties {
		neverNull(property)
	}
	neverNull(schema.Items)
	if values, ok := schema.AdditionalProperties.(*huma.Schema); ok {
		neverNull(values)
	}
}

// open registers a plain route that needs no token.
func (s *server) open(path string, handler gin.HandlerFunc) {
	s.needs[http.MethodGet+" "+path] = needNothing
	s.router.GET(path, handler)
}
