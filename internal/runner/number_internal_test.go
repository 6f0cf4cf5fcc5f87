package runner

import (
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecimalsCompareExactly(t *testing.T) {
	t.Parallel()
	ascending := []string{
		"-1e999999999999999999", "-9007199254740993", "-9007199254740992.5", "-10", "-1.5", "-1", "-0.001", "-1e-400",
		"0", "1e-400", "0.001", "0.1", "1", "1.0000000000000000000001", "2", "10", "9007199254740992", "9007199254740993", "1e400", "1e999999999999999999",
	}
	for i, a := range ascending {
		for j, b := range ascending {
			x, ok := parseDecimal(a)
			require.True(t, ok, a)
			y, ok := parseDecimal(b)
			require.True(t, ok, b)
			got := x.compare(y)
			require.Equal(t, i < j, got < 0, "%s < %s", a, b)
			require.Equal(t, i > j, got > 0, "%s > %s", a, b)
		}
	}
}

func TestDecimalsAreEqualByValue(t *testing.T) {
	t.Parallel()
	for _, same := range [][]string{
		{"200", "200.0", "2e2", "0.2E+3", "20000e-2", "0200", "+200", " 200 "},
		{"0", "-0", "0.000", "0e5", ".0", "0."},
		{"-1.5", "-15e-1", "-001.50"},
	} {
		first, ok := parseDecimal(same[0])
		require.True(t, ok)
		for _, text := range same {
			d, ok := parseDecimal(text)
			require.True(t, ok, text)
			require.Zero(t, first.compare(d), text)
		}
	}
}

func TestOtherTextsAreNoDecimals(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", ".", "-", "e5", "1e", "1e+", "0x10", "NaN", "Inf", "1_000", "1,5", "1 2", "--1", "1e1234567890123456789"} {
		_, ok := parseDecimal(text)
		require.False(t, ok, text)
	}
}

func FuzzDecimal(f *testing.F) {
	f.Add("1.50", "15e-1")
	f.Add("-0", "0.0e9")
	f.Fuzz(func(t *testing.T, a, b string) {
		x, okX := parseDecimal(a)
		y, okY := parseDecimal(b)
		if !okX || !okY || x.exponent > 1000 || x.exponent < -1000 || y.exponent > 1000 || y.exponent < -1000 {
			t.Skip()
		}
		p, okP := new(big.Rat).SetString(decimalText(a))
		q, okQ := new(big.Rat).SetString(decimalText(b))
		if !okP || !okQ {
			t.Skip()
		}
		got := x.compare(y)
		require.Equal(t, p.Cmp(q), sign(got), "%s and %s", a, b)
	})
}

// decimalText is a spelling that big.Rat reads as a decimal, which it takes leading zeros for octal.
func decimalText(s string) string {
	s = strings.TrimSpace(s)
	negative := strings.HasPrefix(s, "-")
	s = strings.TrimLeft(strings.TrimLeft(s, "+-"), "0")
	if s == "" || s[0] == '.' || s[0] == 'e' || s[0] == 'E' {
		s = "0" + s
	}
	if negative {
		s = "-" + s
	}
	return s
}

func sign(n int) int {
	switch {
	case n < 0:
		return -1
	case n > 0:
		return 1
	default:
		return 0
	}
}
