package webhook

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The vector that all libraries of Standard Webhooks test with.
const (
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardID     = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	standardBody   = `{"test": 2432232314}`
)

var standardTime = time.Unix(1614265330, 0)

func TestSignMatchesGitHubsPublishedVector(t *testing.T) {
	t.Parallel()
	header := Sign("It's a Secret to Everybody", "id", time.Now(), []byte("Hello, World!"))
	const digest = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
	require.Equal(t, digest, header.Get("X-Bellwether-Signature"))
	require.Equal(t, "sha256="+digest, header.Get("X-Hub-Signature-256"))
}

func TestSignMatchesStandardWebhooksPublishedVector(t *testing.T) {
	t.Parallel()
	header := Sign(standardSecret, standardID, standardTime, []byte(standardBody))
	require.Equal(t, standardID, header.Get("webhook-id"))
	require.Equal(t, "1614265330", header.Get("webhook-timestamp"))
	require.Equal(t, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", header.Get("webhook-signature"))
}

func TestSignKeysTheStandardFormWithTheTextOfOtherSecrets(t *testing.T) {
	t.Parallel()
	signature := func(secret string) string {
		return Sign(secret, standardID, standardTime, []byte(standardBody)).Get(HeaderStandardSignature)
	}
	// Computed with: printf '%s' 'msg_….1614265330.{"test": 2432232314}' | openssl dgst -sha256 -hmac SECRET -binary | base64
	require.Equal(t, "v1,ELhqG0Ku1gwOc1f4jyKdp3SFGFLAOdJ9bvpWLciCakI=", signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
	require.Equal(t, "v1,V/H1bM3ws8W54opk6qH22AAI0vrTsYuDn0ODGuR/7B0=", signature("whsec_this is not base64"))
}

func TestSignIsAbsentWithoutSecret(t *testing.T) {
	t.Parallel()
	require.Empty(t, Sign("", standardID, standardTime, []byte(standardBody)))
}

func TestVerifyAcceptsWhatSignMakes(t *testing.T) {
	t.Parallel()
	for _, secret := range []string{standardSecret, testSecret, "whsec_this is not base64"} {
		header := Sign(secret, standardID, standardTime, []byte(standardBody))
		for _, away := range []time.Duration{0, 5 * time.Minute, -5 * time.Minute} {
			require.NoError(t, Verify(secret, header, []byte(standardBody), standardTime.Add(away)))
		}
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	valid := Sign(standardSecret, standardID, standardTime, []byte(standardBody)).Get(HeaderStandardSignature)
	set := func(name, value string) func(http.Header) { return func(h http.Header) { h.Set(name, value) } }
	cases := map[string]struct {
		change func(http.Header)
		secret string
		body   string
		after  time.Duration
		want   error
	}{
		"a missing id":               {change: set(HeaderStandardID, ""), want: ErrUnsigned},
		"a missing timestamp":        {change: set(HeaderStandardTimestamp, ""), want: ErrUnsigned},
		"a timestamp of letters":     {change: set(HeaderStandardTimestamp, "now"), want: ErrUnsigned},
		"a missing signature":        {change: set(HeaderStandardSignature, ""), want: ErrUnsigned},
		"another id":                 {change: set(HeaderStandardID, "msg_other"), want: ErrSignature},
		"another time":               {change: set(HeaderStandardTimestamp, "1614265331"), want: ErrSignature},
		"the largest time":           {change: set(HeaderStandardTimestamp, "9223372036854775807"), want: ErrTimestamp},
		"the smallest time":          {change: set(HeaderStandardTimestamp, "-9223372036854775808"), want: ErrTimestamp},
		"an empty signature":         {change: set(HeaderStandardSignature, "v1,"), want: ErrSignature},
		"a signature without label":  {change: set(HeaderStandardSignature, strings.TrimPrefix(valid, "v1,")), want: ErrSignature},
		"only unknown versions":      {change: set(HeaderStandardSignature, "v2,"+strings.TrimPrefix(valid, "v1,")), want: ErrSignature},
		"a wrong Gogs form":          {change: set(HeaderSignature, strings.Repeat("0", 64)), want: ErrSignature},
		"a wrong GitHub form":        {change: set(HeaderHubSignature, "sha256="+strings.Repeat("0", 64)), want: ErrSignature},
		"another secret":             {secret: "whsec_" + strings.Repeat("A", 32), want: ErrSignature},
		"an empty secret":            {secret: "-", want: ErrUnsigned},
		"another body":               {body: `{"test": 2432232315}`, want: ErrSignature},
		"a delivery of 5 minutes 1":  {after: 5*time.Minute + time.Second, want: ErrTimestamp},
		"a delivery from the future": {after: -5*time.Minute - time.Second, want: ErrTimestamp},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			header := Sign(standardSecret, standardID, standardTime, []byte(standardBody))
			if c.change != nil {
				c.change(header)
			}
			secret, body := standardSecret, standardBody
			if c.secret != "" {
				secret = strings.TrimPrefix(c.secret, "-")
			}
			if c.body != "" {
				body = c.body
			}
			require.ErrorIs(t, Verify(secret, header, []byte(body), standardTime.Add(c.after)), c.want)
		})
	}
}

func TestVerifyFindsOneMatchAmongSeveralSignatures(t *testing.T) {
	t.Parallel()
	header := Sign(standardSecret, standardID, standardTime, []byte(standardBody))
	header.Set(HeaderStandardSignature, "v1a,abc v1,AAAA "+header.Get(HeaderStandardSignature)+" v9,zzz")
	require.NoError(t, Verify(standardSecret, header, []byte(standardBody), standardTime))
}

func FuzzVerifyAcceptsOnlyTheTrueSignature(f *testing.F) {
	f.Add("1614265330", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	f.Add("-1", "v1, v1,,")
	f.Add("99999999999999999999", "\x00 v1")
	f.Fuzz(func(t *testing.T, timestamp, list string) {
		header := http.Header{}
		header.Set(HeaderStandardID, standardID)
		header.Set(HeaderStandardTimestamp, timestamp)
		header.Set(HeaderStandardSignature, list)
		err := Verify(standardSecret, header, []byte(standardBody), standardTime)
		genuine := standardPrefix + standardSignature(standardSecret, standardID, timestamp, []byte(standardBody))
		require.True(t, err != nil || strings.Contains(list, genuine))
	})
}
