package runner

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

func BenchmarkMasker(b *testing.B) {
	body := strings.Repeat(`{"id":123,"name":"some text","url":"https://example.com/path?x=1"},`, 1000)
	for name, secrets := range map[string][]string{
		"plain": {"0123456789abcdefABCDEF", "another-plain-secret"},
		"weird": {`env/s3cr3t "<&>" ü+=%`, `case\s3cr3t 'x' ;?#`, `pass:w0rd/ä "q"`, `tok-s3cr3t-77/=+`},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				newMasker(secrets...).clip(body, 64<<10)
			}
		})
	}
}

func TestSecretsAreRecognisedInTheirUsualSpellings(t *testing.T) {
	t.Parallel()
	const secret = "a/b <c>&'d\"é\\?# %+="
	m := newMasker(secret)
	quoted, err := json.Marshal(secret)
	require.NoError(t, err)
	nested, err := json.Marshal(string(quoted))
	require.NoError(t, err)
	for _, spelt := range []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), strings.ToLower(url.QueryEscape("é")) + "-" + url.QueryEscape(secret),
		string(quoted), strings.ReplaceAll(string(quoted), "/", `\/`), strings.ReplaceAll(string(quoted), "é", `\u00e9`),
		string(nested), base64.StdEncoding.EncodeToString([]byte(secret)), "a/b &lt;c&gt;&amp;&#39;d&#34;é\\?# %+=",
	} {
		hidden := m.text("<<" + spelt + ">>")
		require.Contains(t, hidden, "******")
		for _, part := range []string{"a/b", "a%2", `a\/b`, "YS9i"} {
			require.NotContains(t, hidden, part, spelt)
		}
	}
}

func TestNothingIsHiddenWithoutSecrets(t *testing.T) {
	t.Parallel()
	m := newMasker("", "abc", " x ")
	require.Equal(t, "abc x", m.text("abc x"))
	text, truncated := m.clip("abcdef", 3)
	require.Equal(t, "abc", text)
	require.True(t, truncated)
}

func TestSecretsWithSpacesAroundAreFoundWithout(t *testing.T) {
	t.Parallel()
	require.Equal(t, "x=******.", newMasker(" trimmed\n").text("x=trimmed."))
}

// FuzzClip: no text around a secret, cut anywhere, shows more of it than chance would.
func FuzzClip(f *testing.F) {
	f.Add("before ", "s3cr3t-value", " after", 12)
	f.Add("é", "ab/cd", "é", 3)
	f.Add("", "\xff\xfe\xfd\xfc", "x", 1)
	f.Fuzz(func(t *testing.T, before, secret, after string, limit int) {
		if len(secret) < minSecret || strings.TrimSpace(secret) != secret || limit < 0 || limit > 1000 || strings.Contains("******", secret) {
			t.Skip()
		}
		m := newMasker(secret)
		whole := before + secret + after + secret
		out, truncated := m.clip(whole, limit)
		require.LessOrEqual(t, len(out), limit)
		require.NotContains(t, out, secret)
		if !truncated {
			require.Equal(t, m.text(whole), out)
		}
		if utf8.ValidString(whole) {
			require.True(t, utf8.ValidString(out) || !utf8.ValidString(m.text(whole)), "%q", out)
		}
	})
}
