package webhook

import (
	"crypto/hmac"
	"encoding/hex"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Tolerance is how far the timestamp of a delivery may lie from the receiver's clock, either way.
const Tolerance = 5 * time.Minute

// Errors of Verify.
var (
	// ErrUnsigned says that a header of the signature is missing or cannot be read.
	ErrUnsigned = errors.New("not signed: Webhook-Id, Webhook-Timestamp and Webhook-Signature are required")
	// ErrTimestamp says that the delivery was signed too long ago (a replay) or in the future.
	ErrTimestamp = errors.New("signed more than 5 minutes away from now: a replay, or a clock that is wrong")
	// ErrSignature says that the signature was made with another secret or over another body.
	ErrSignature = errors.New("signature does not match: wrong secret, or the body was changed on the way")
)

// Verify is what a receiver does with the headers of Sign and the exact bytes of the body. Of the
// signatures in the list one of version 1 has to match; other versions are ignored. The forms of
// Gogs and GitHub have to match where they are present. All comparisons take constant time.
func Verify(secret string, header http.Header, body []byte, now time.Time) error {
	id, timestamp := header.Get(HeaderStandardID), header.Get(HeaderStandardTimestamp)
	list := header.Get(HeaderStandardSignature)
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if secret == "" || id == "" || list == "" || err != nil {
		return ErrUnsigned
	}
	if away := now.Sub(time.Unix(seconds, 0)).Abs(); away > Tolerance {
		return ErrTimestamp
	}
	if !anyMatches(list, standardSignature(secret, id, timestamp, body)) {
		return ErrSignature
	}
	digest := hex.EncodeToString(mac([]byte(secret), body))
	if !matchesIfPresent(header, HeaderSignature, digest) || !matchesIfPresent(header, HeaderHubSignature, hubPrefix+digest) {
		return ErrSignature
	}
	return nil
}

func anyMatches(list, want string) bool {
	matched := false
	for given := range strings.FieldsSeq(list) {
		signature, ok := strings.CutPrefix(given, standardPrefix)
		if ok && hmac.Equal([]byte(signature), []byte(want)) {
			matched = true
		}
	}
	return matched
}

func matchesIfPresent(header http.Header, name, want string) bool {
	given := header.Get(name)
	return given == "" || hmac.Equal([]byte(given), []byte(want))
}
