package runner

import (
	"encoding/base64"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/bellwether/bellwether/models"
)

// minSecret is the length in bytes below which a secret is not searched for: shorter values occur in
// any text by chance, and hiding each occurrence would tell more than it hides.
const minSecret = 4

// delicate are headers whose values are credentials whatever they are.
var delicate = map[string]bool{
	"Authorization":       true,
	"Proxy-Authorization": true,
	"Cookie":              true,
	"Set-Cookie":          true,
	"X-Api-Key":           true,
}

// isDelicate reports whether the values of a header are hidden wholesale.
func isDelicate(header string) bool { return delicate[http.CanonicalHeaderKey(header)] }

// minPart is the length in bytes from which a part of a credential header is a secret by itself:
// shorter ones are words such as Bearer, or settings such as lang=en.
const minPart = 8

// credentials lists what is secret in the value of a delicate header: the whole and its parts, so
// that the token of "Bearer <token>" and the value of each cookie are also hidden elsewhere.
func credentials(value string) []string {
	list := []string{value}
	for part := range strings.FieldsFuncSeq(value, func(r rune) bool { return r == ' ' || r == ';' || r == ',' }) {
		if _, inside, ok := strings.Cut(part, "="); ok && len(inside) >= minPart {
			list = append(list, inside)
		}
		if len(part) >= minPart {
			list = append(list, part)
		}
	}
	return list
}

// masker hides the secrets of one try in every text that leaves the runner: each value as it is and
// in the forms that it takes in URLs, JSON, HTML, Go's quotes and base64.
type masker struct {
	forms    map[string]struct{}
	longest  int               // of all forms, in bytes
	replacer *strings.Replacer // nil: forms have been added since
}

func newMasker(secrets ...string) *masker {
	m := &masker{forms: map[string]struct{}{}}
	m.add(secrets...)
	return m
}

// add hides further values from now on.
func (m *masker) add(secrets ...string) {
	for _, secret := range secrets {
		for _, value := range []string{secret, strings.TrimSpace(secret)} {
			if len(value) < minSecret {
				continue
			}
			for form := range forms(value) {
				if len(form) < minSecret {
					continue
				}
				m.forms[form] = struct{}{}
				m.longest = max(m.longest, len(form))
			}
		}
	}
	m.replacer = nil
}

// maxNested is the length in bytes up to which the forms of a value are looked for inside of JSON
// inside of JSON. Longer ones are looked for in one level.
const maxNested = 4 << 10

// forms lists how a value may be spelt, each once: as it is, in a URL, in HTML, in Go's and the
// schema validator's quotes, in base64, each of these in a JSON text, and that in another JSON text,
// as servers answer that echo what they got.
func forms(value string) map[string]struct{} {
	quoted := inner(strconv.Quote(value))
	list := append(urlForms(value), value, html.EscapeString(value), quoted, inner(strconv.QuoteToASCII(value)),
		strings.ReplaceAll(strings.ReplaceAll(quoted, `\"`, `"`), "'", `\'`),
		base64.RawStdEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)))
	seen := map[string]struct{}{}
	for _, form := range list {
		if _, again := seen[form]; again {
			continue
		}
		seen[form] = struct{}{}
		for _, once := range jsonForms(form) {
			seen[once] = struct{}{}
			if len(value) > maxNested {
				continue
			}
			for _, twice := range jsonForms(once) {
				seen[twice] = struct{}{}
			}
		}
	}
	return seen
}

// jsonForms lists what the JSON encoders of common languages make of a value: with letters beyond
// ASCII and the characters of HTML and paths escaped or not. Nil: nothing but the value itself.
func jsonForms(value string) []string {
	if !strings.ContainsFunc(value, escapable) {
		return nil
	}
	quoted := inner(string(encodeString(value)))
	escaped := strings.ReplaceAll(strings.ReplaceAll(strings.ReplaceAll(quoted, "<", `\u003c`), ">", `\u003e`), "&", `\u0026`)
	list := []string{quoted, escaped, asciiEscapes(quoted), asciiEscapes(escaped)}
	for _, form := range list {
		list = append(list, strings.ReplaceAll(form, "/", `\/`))
	}
	return list
}

// escapable reports whether some JSON encoder escapes a character.
func escapable(r rune) bool {
	return r < ' ' || r >= 0x7f || strings.ContainsRune("\"\\<>&/", r)
}

// asciiEscapes writes characters beyond ASCII as \uXXXX.
func asciiEscapes(s string) string {
	var b strings.Builder
	for _, r := range s {
		if r < utf8.RuneSelf {
			b.WriteRune(r)
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
	}
	return b.String()
}

// urlForms lists how a value stands in URLs: escaped, or filled in as it is. In the latter case a #
// cuts it off, and a ? divides it in two parts that are escaped by different rules.
func urlForms(value string) []string {
	list := []string{
		url.QueryEscape(value),
		url.PathEscape(value),
		(&url.URL{Path: value}).EscapedPath(),
		tidyQuery(value),
	}
	kept, _, cut := strings.Cut(value, "#")
	path, _, divided := strings.Cut(kept, "?")
	if cut || divided {
		for _, part := range []string{kept, path} {
			if len(part) >= minPart {
				list = append(list, part, tidyQuery(part), (&url.URL{Path: part}).EscapedPath())
			}
		}
	}
	const base = "http://h/"
	if u, err := url.Parse(base + kept); err == nil && len(kept) >= minPart {
		u.RawQuery = tidyQuery(u.RawQuery)
		list = append(list, strings.TrimSuffix(strings.TrimPrefix(u.String(), base), "?"))
	}
	for _, form := range list {
		list = append(list, lowerEscapes(form))
	}
	return list
}

// inner cuts the quotes off.
func inner(quoted string) string { return quoted[1 : len(quoted)-1] }

// lowerEscapes spells %2F as %2f, as some servers do.
func lowerEscapes(s string) string {
	b := []byte(s)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i+1:i+3], strings.ToLower(s[i+1:i+3]))
			i += 2
		}
	}
	return string(b)
}

// text hides the secrets of a text.
func (m *masker) text(s string) string {
	if len(m.forms) == 0 {
		return s
	}
	if m.replacer == nil {
		m.build()
	}
	return m.replacer.Replace(s)
}

// build puts longer forms first, so that a secret which begins with another one is hidden as a
// whole.
func (m *masker) build() {
	list := make([]string, 0, len(m.forms))
	for form := range m.forms {
		list = append(list, form)
	}
	slices.SortFunc(list, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	pairs := make([]string, 0, 2*len(list))
	for _, form := range list {
		pairs = append(pairs, form, models.Mask)
	}
	m.replacer = strings.NewReplacer(pairs...)
}

// hides reports whether a text contains a secret.
func (m *masker) hides(s string) bool { return m.text(s) != s }

// clip hides the secrets of the first part of a long text and returns at most limit bytes of it, cut
// between characters. A secret that begins within the limit is hidden even if it ends beyond.
func (m *masker) clip(s string, limit int) (clipped string, truncated bool) {
	window := s[:min(len(s), limit+m.longest)]
	out := m.text(window)
	if len(window) < len(s) {
		truncated = true
		// The end of the window may be the beginning of a secret, which was not recognised.
		out = out[:len(out)-min(len(out), max(m.longest-1, 0))]
	}
	if len(out) > limit {
		out, truncated = out[:limit], true
	}
	if truncated {
		out = wholeRunes(out)
	}
	return out, truncated
}

// wholeRunes drops a character that was cut in two at the end.
func wholeRunes(s string) string {
	for i := 1; i < utf8.UTFMax && i <= len(s); i++ {
		if c := s[len(s)-i]; utf8.RuneStart(c) {
			if !utf8.FullRuneInString(s[len(s)-i:]) {
				return s[:len(s)-i]
			}
			break
		}
	}
	return s
}

// shorten cuts a text to a number of characters.
func shorten(s string, characters int) string {
	if utf8.RuneCountInString(s) <= characters {
		return s
	}
	return string([]rune(s)[:characters-1]) + "…"
}

// brief is a text in one line of at most 300 characters, secrets hidden: what messages quote.
func (m *masker) brief(s string) string {
	out, truncated := m.clip(s, 4*maxMessage)
	if truncated {
		out += "…"
	}
	return shorten(strings.Join(strings.Fields(strings.ToValidUTF8(out, "\ufffd")), " "), maxMessage)
}

// maxMessage bounds a message in characters.
const maxMessage = 300
