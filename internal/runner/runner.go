// Package runner executes one try of one case and says what came of it.
//
// A case of kind http sends one request, follows its redirects, and holds the answer against its
// assertions. A request that gets no usable answer (refused, unresolvable, broken, too slow, TLS) is
// a failure: the product is bad. A case that cannot be executed as it is defined (an undefined
// variable, a URL that is none) is an error, and so is an assertion that cannot be judged.
//
// # Variables
//
// {{name}}, spaces inside the braces allowed, is replaced in the URL, in names and values of headers,
// query and form fields, in the body, in credentials and in the values of assertions; not in the
// expressions of assertions and captures. The run's parameters come before the environment, the
// environment before the case's variables. Values may mention variables in turn. In JSON, which
// bodies and the values of assertions are, only strings (keys included) are filled in, each encoded
// anew: no value can break out of its string, and "{{n}}" stays a string. To send a number from a
// variable, use a raw body with its content type. In assertions, "{{n}}" also equals the number or
// boolean that it spells.
//
// # Secrets
//
// Everything in an Outcome has its secrets replaced by models.Mask: values of variables of type
// secret (wherever the value in force comes from), credentials, and captures marked secret, each also
// in its URL-encoded, JSON-escaped, HTML-escaped and base64 form. Values of headers that carry
// credentials are hidden wholesale, and so are their parts of 8 bytes and more, cookies included,
// wherever else they occur. Values shorter than 4 bytes are not searched for.
package runner

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"syscall"
	"time"

	"github.com/bellwether/bellwether/models"
)

// The defaults of Options.
const (
	DefaultMaxBody    = 10 << 20
	DefaultReportBody = 64 << 10
)

// Options configure a Runner. The zero value works.
type Options struct {
	// Version is what the default User-Agent, "Bellwether/<version>", ends in. Empty: dev.
	Version string
	// Control is asked for each address before it is connected to, as net.Dialer.Control is. If it
	// refuses, the case is an error. Nil: every address is allowed.
	Control func(network, address string, c syscall.RawConn) error
	// RootCAs are trusted for TLS. Nil: the system's.
	RootCAs *x509.CertPool
	// MaxBody is how many bytes of a body are read for assertions. What looks at a larger body is an
	// error. 0: DefaultMaxBody.
	MaxBody int64
	// ReportBody is how many bytes of a body a report keeps. 0: DefaultReportBody.
	ReportBody int
	// Now is the clock. Nil: time.Now.
	Now func() time.Time
}

// Outcome is what came of one try, ready to be stored: secrets are hidden, texts are bounded.
type Outcome struct {
	Status          models.Status // success, failure, cancelled or error
	Message         string        // why it is not a success, in one line
	AssertionsTotal int           // judged; captures that found nothing count as bad ones
	AssertionsBad   int
	Report          models.ReportDocument
	StartedAt       time.Time
	FinishedAt      time.Time
}

// Runner executes cases. It has no state besides its options and may be used by many goroutines.
type Runner struct{ options Options }

// New makes a Runner.
func New(o Options) *Runner {
	if o.Version == "" {
		o.Version = "dev"
	}
	if o.MaxBody <= 0 {
		o.MaxBody = DefaultMaxBody
	}
	if o.ReportBody <= 0 {
		o.ReportBody = DefaultReportBody
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Runner{options: o}
}

// Run executes one try of a case, within the case's time limit. If ctx is cancelled the outcome is
// StatusCancelled; if it ends by a deadline of its own, StatusError.
func (r *Runner) Run(ctx context.Context, job models.CaseJob) Outcome {
	t := &try{options: r.options, job: job, started: r.options.Now()}
	t.scope = newScope(job)
	t.mask = newMasker(t.scope.secrets()...)
	switch {
	case ctx.Err() != nil:
		t.interrupted(ctx)
	case job.Case.Kind != models.KindHTTP || job.Case.HTTP == nil:
		t.end(models.StatusError, fmt.Sprintf("a case of kind %q cannot be executed by this version", job.Case.Kind))
	default:
		t.run(ctx, job.Case.HTTP)
	}
	return t.outcome()
}

// try is the state of one Run.
type try struct {
	options Options
	job     models.CaseJob
	scope   *scope
	mask    *masker
	started time.Time

	exchanges []*exchange
	results   []models.AssertionResult
	outputs   map[string]string
	bad       int
	unknown   int
	status    models.Status
	message   string
}

// end settles the status and why.
func (t *try) end(status models.Status, message string) { t.status, t.message = status, message }

func (t *try) run(ctx context.Context, spec *models.HTTPSpec) {
	b := &builder{scope: t.scope, userAgent: "Bellwether/" + t.options.Version}
	first, err := b.request(spec)
	t.mask.add(b.secrets...)
	var assertions []*assertion
	if err == nil {
		assertions, err = compileAssertions(spec.Assertions, t.scope)
	}
	var captures []*capture
	if err == nil {
		captures, err = compileCaptures(spec.Captures)
	}
	if err != nil {
		t.end(models.StatusError, err.Error())
		return
	}
	answered, ok := t.send(ctx, first, spec)
	if !ok {
		return
	}
	missing := t.take(captures, answered)
	for _, c := range assertions {
		t.note(c.String(), c.judge(answered))
	}
	for _, m := range missing {
		t.note(m.name, m.verdict)
	}
	t.conclude()
}

// finding is a verdict and what it is about.
type finding struct {
	name    string
	verdict verdict
}

// send runs the exchanges. It reports false, and has settled the status, if there is no answer.
func (t *try) send(ctx context.Context, first *request, spec *models.HTTPSpec) (*answer, bool) {
	limit := t.job.Case.Timeout()
	limited, cancel := context.WithTimeoutCause(ctx, limit, errTimeLimit)
	defer cancel()
	s, err := newSession(t.options, spec.VerifyTLS == nil || *spec.VerifyTLS)
	if err != nil {
		t.end(models.StatusError, err.Error())
		return nil, false
	}
	defer s.close()
	begin := t.options.Now()
	t.exchanges = s.exchanges(limited, first, spec, t.mask)
	latency := t.options.Now().Sub(begin)
	for _, x := range t.exchanges {
		t.hideCookies(x)
	}
	last := t.exchanges[len(t.exchanges)-1]
	if last.err != nil {
		t.unanswered(ctx, limited, last, limit)
		return nil, false
	}
	return &answer{
		status: last.response.StatusCode, header: last.response.Header, body: string(last.body), cut: last.cut,
		limit: t.options.MaxBody, latency: latency, expires: last.expires, now: t.options.Now(),
	}, true
}

// hideCookies makes what a server sets as cookies secret wherever else it shows up.
func (t *try) hideCookies(x *exchange) {
	if x.response == nil {
		return
	}
	for _, c := range x.response.Cookies() {
		if len(c.Value) >= minPart {
			t.mask.add(c.Value)
		}
	}
}

// unanswered settles the status of an exchange that failed.
func (t *try) unanswered(ctx, limited context.Context, x *exchange, limit time.Duration) {
	var redirect *errRedirect
	policy, isRefused := refused(x.err)
	host := x.request.url.Host
	switch {
	case ctx.Err() != nil:
		t.interrupted(ctx)
	case isRefused:
		t.end(models.StatusError, fmt.Sprintf("%s may not be connected to: %s", host, policy.err))
	case errors.As(x.err, &redirect):
		t.end(models.StatusFailure, redirect.text)
	case errors.Is(context.Cause(limited), errTimeLimit):
		t.end(models.StatusFailure, timeoutText(x.reached, host, limit))
	default:
		t.end(models.StatusFailure, failureText(x.err, host))
	}
	x.err = errors.New(t.message)
}

// interrupted settles the status of a try whose context ended from outside.
func (t *try) interrupted(ctx context.Context) {
	if errors.Is(ctx.Err(), context.Canceled) {
		t.end(models.StatusCancelled, "cancelled")
		return
	}
	t.end(models.StatusError, "the worker's own time limit ended the case before the case's")
}

// take captures the outputs and returns what could not be captured. Secret ones are hidden from
// everything that is written later.
func (t *try) take(captures []*capture, a *answer) (missing []finding) {
	for _, c := range captures {
		value, v := c.take(a)
		if !v.passed {
			missing = append(missing, finding{c.String(), v})
			continue
		}
		if t.outputs == nil {
			t.outputs = map[string]string{}
		}
		t.outputs[c.Name] = value
		if c.hidden() {
			t.mask.add(value)
			t.outputs[c.Name] = models.Mask
		}
	}
	return missing
}

// note adds a verdict to the report.
func (t *try) note(name string, v verdict) {
	result := models.AssertionResult{Name: name, Passed: v.passed}
	if !v.passed {
		result.Message = v.found
		t.bad++
	}
	if v.unknown {
		t.unknown++
	}
	t.results = append(t.results, result)
}

// conclude settles the status by the verdicts: a failure that is certain counts more than something
// that could not be judged.
func (t *try) conclude() {
	if t.bad == 0 {
		t.end(models.StatusSuccess, "")
		return
	}
	status := models.StatusFailure
	if t.bad == t.unknown {
		status = models.StatusError
	}
	var message string
	for _, r := range t.results {
		if !r.Passed {
			message = r.Name + ": " + r.Message
			break
		}
	}
	if t.bad > 1 {
		// The count must survive the shortening of a long first message.
		message = shorten(t.mask.brief(message), maxMessage-20) + fmt.Sprintf(" (and %d more)", t.bad-1)
	}
	t.end(status, message)
}
