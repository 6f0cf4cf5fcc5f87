package webhook

import (
	"net/http"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/bellwether/bellwether/models"
)

// shownSignature is how many characters of a signature are kept: enough to find it in the receiver's
// log, too few to be replayed.
const shownSignature = 8

// redactRequest lists the headers of a request with shortened signatures.
func redactRequest(header http.Header) []models.NameValue {
	return list(header, func(name, value string) string {
		switch name {
		case HeaderSignature, HeaderHubSignature, HeaderStandardSignature:
			return shorten(value)
		default:
			return value
		}
	})
}

// redactResponse lists the headers of an answer with masked cookies.
func redactResponse(header http.Header) []models.NameValue {
	return list(header, func(name, value string) string {
		if name == "Set-Cookie" || name == "Set-Cookie2" {
			return models.Mask
		}
		return value
	})
}

func shorten(signature string) string {
	label := ""
	if at := strings.IndexAny(signature, "=,"); at >= 0 && at < shownSignature {
		label, signature = signature[:at+1], signature[at+1:]
	}
	return label + signature[:min(shownSignature, len(signature))] + "…"
}

func list(header http.Header, show func(name, value string) string) []models.NameValue {
	var pairs []models.NameValue
	for name, values := range header {
		for _, value := range values {
			pairs = append(pairs, models.NameValue{Name: text([]byte(name), maxHeaderBytes), Value: text([]byte(show(name, value)), maxHeaderBytes)})
		}
	}
	slices.SortStableFunc(pairs, func(a, b models.NameValue) int { return strings.Compare(a.Name, b.Name) })
	return pairs
}

// text makes valid UTF-8 of at most limit bytes out of anything. A character that the limit cuts in
// two is left out.
func text(raw []byte, limit int) string {
	cut := len(raw) > limit
	if cut {
		raw = raw[:limit]
		raw = raw[:len(raw)-brokenTail(raw)]
	}
	valid := strings.ToValidUTF8(string(raw), "\uFFFD")
	if len(valid) <= limit {
		return valid
	}
	// Replacing made it longer.
	end := limit
	for !utf8.RuneStart(valid[end]) {
		end--
	}
	return valid[:end]
}

// brokenTail is the length of the incomplete character at the end of raw.
func brokenTail(raw []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(raw); n++ {
		if tail := raw[len(raw)-n:]; utf8.RuneStart(tail[0]) {
			if utf8.FullRune(tail) {
				return 0
			}
			return n
		}
	}
	return 0
}
