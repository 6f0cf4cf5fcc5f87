package api

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/bellwether/bellwether/api/wire"
)

// route is one operation: where it lies, what a caller needs, and how it is documented.
type route struct {
	method, path string // below /api/v1 unless outside
	outside      bool
	need         need
	id, tag      string
	summary      string
	description  string
	status       int   // of success; 0: 200, or 204 without a body
	errors       []int // beyond those that follow from the method, the path and the need
	versioned    bool  // answers an ETag and takes If-None-Match
	waits        bool  // may wait for a run
	example      any   // of a body
}

// handle registers a handler. It runs only for callers that the route admits, with the body read
// within its limits; its errors leave through the one table of problems.
func handle[I, O any](s *server, r route, h func(context.Context, *I) (*O, error)) {
	op := s.operation(r)
	op.Middlewares = huma.Middlewares{s.enforce(r)}
	s.needs[r.method+" "+ginPath(op.Path)] = r.need
	huma.Register(s.api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := h(ctx, in)
		if err == nil {
			err = granted(ctx).settled()
		}
		if err != nil {
			return nil, s.problem(ctx, err)
		}
		return out, nil
	})
}

func ginPath(path string) string {
	return strings.NewReplacer("{", ":", "}", "").Replace(path)
}

// enforce admits the caller and reads the body, before anything of the request is looked at.
func (s *server) enforce(r route) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		c := humagin.Unwrap(ctx)
		if r.need != needNothing {
			g, err := s.admit(c, r.need)
			if err != nil {
				s.refuse(c, s.problem(ctx.Context(), err))
				return
			}
			ctx = huma.WithValue(ctx, grantKey{}, g)
		}
		if _, err := url.ParseQuery(c.Request.URL.RawQuery); err != nil && !r.outside {
			err = because(errBadRequest, "the query of the URL cannot be read: write %% as %%25, ; as %%3B, and & between parameters")
			s.refuse(c, s.problem(ctx.Context(), err))
			return
		}
		if err := s.readBody(c, r.waits); err != nil {
			s.refuse(c, s.problem(ctx.Context(), err))
			return
		}
		next(ctx)
	}
}

// operation describes the route for huma.
func (s *server) operation(r route) huma.Operation {
	op := huma.Operation{
		Method: r.method, Path: prefix + r.path, OperationID: r.id, Tags: []string{r.tag},
		Summary: r.summary, Description: r.description, DefaultStatus: r.status,
		Errors:       r.problems(),
		Responses:    map[string]*huma.Response{},
		MaxBodyBytes: -1, BodyReadTimeout: -1, // readBody has seen to both
		RejectUnknownQueryParameters: !r.outside, // probes may add what they like
	}
	if r.outside {
		op.Path = r.path
	}
	if r.example != nil {
		op.RequestBody = &huma.RequestBody{Content: map[string]*huma.MediaType{"application/json": {Example: r.example}}}
	}
	if r.need != needNothing {
		op.Security = []map[string][]string{{"bearer": {}}}
	}
	if role := r.need.role(); role != "" {
		op.Description = strings.TrimSpace(op.Description + "\n\nNeeds the role **" + string(role) + "** in the workspace.")
	}
	if r.need == needAdmin {
		op.Description = strings.TrimSpace(op.Description + "\n\nFor administrators.")
	}
	if r.versioned && r.method == http.MethodGet {
		op.Responses["304"] = &huma.Response{Description: "Not modified: the version is the one in If-None-Match"}
	}
	return op
}

// problems lists the statuses of the problems that a route can answer. huma adds 500.
func (r route) problems() []int {
	list := slices.Clone(r.errors)
	if r.need != needNothing {
		list = append(list, http.StatusUnauthorized, http.StatusForbidden, http.StatusUnprocessableEntity)
	}
	if strings.Contains(r.path, "{") || r.need.role() != "" {
		list = append(list, http.StatusNotFound)
	}
	switch r.method {
	case http.MethodPost, http.MethodPut, http.MethodPatch:
		list = append(list, http.StatusBadRequest, http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	if r.versioned && r.method != http.MethodGet && r.method != http.MethodPost {
		list = append(list, http.StatusConflict, http.StatusPreconditionFailed)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// translate gives the problems that huma finds by itself the shape of all others. It never repeats
// the client's values: they may be secrets.
func translate(ctx huma.Context, _ string, v any) (any, error) {
	found, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	k := kindOfStatus(found.Status)
	p := &wire.Problem{
		Type: k.urn, Title: k.title, Status: found.Status, Detail: k.detail, Instance: instance(requestID(ctx.Context())),
	}
	for _, e := range found.Errors {
		if e != nil {
			p.Errors = append(p.Errors, fieldError(e))
		}
	}
	switch found.Status {
	case http.StatusUnprocessableEntity:
		p.Detail = summary(p.Errors)
	case http.StatusBadRequest:
		p.Detail = found.Detail + "; send what /docs describes"
		if len(p.Errors) > 0 {
			p.Detail = summary(p.Errors)
		}
	case http.StatusUnsupportedMediaType:
		p.Errors = nil
	}
	return p, nil
}
