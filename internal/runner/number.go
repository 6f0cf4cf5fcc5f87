package runner

import (
	"regexp"
	"strconv"
	"strings"
)

// decimal is a number in exact form: 0.digits × 10^exponent, the first and the last digit not zero.
// Zero has no digits. It takes no arithmetic to compare two, so that 1e999999999 costs nothing.
type decimal struct {
	negative bool
	digits   string
	exponent int64
}

var numberRE = regexp.MustCompile(`^([-+]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([-+]?[0-9]{1,18}))?$`)

// parseDecimal reads a number as JSON writes it, a sign, leading zeros and a bare point tolerated.
func parseDecimal(text string) (decimal, bool) {
	m := numberRE.FindStringSubmatch(strings.TrimSpace(text))
	if m == nil || m[2]+m[3] == "" {
		return decimal{}, false
	}
	d := decimal{negative: m[1] == "-"}
	if m[4] != "" {
		d.exponent, _ = strconv.ParseInt(m[4], 10, 64) // 18 digits always fit
	}
	d.exponent += int64(len(m[2]))
	digits := m[2] + m[3]
	d.digits = strings.TrimLeft(digits, "0")
	d.exponent -= int64(len(digits) - len(d.digits))
	d.digits = strings.TrimRight(d.digits, "0")
	if d.digits == "" {
		return decimal{}, true
	}
	return d, true
}

// compare is negative, zero or positive as d is less than, equal to or greater than e.
func (d decimal) compare(e decimal) int {
	switch {
	case d.sign() != e.sign():
		return d.sign() - e.sign()
	case d.negative:
		return e.magnitude(d)
	default:
		return d.magnitude(e)
	}
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	default:
		return 1
	}
}

// magnitude compares without signs.
func (d decimal) magnitude(e decimal) int {
	switch {
	case d.exponent < e.exponent:
		return -1
	case d.exponent > e.exponent:
		return 1
	default:
		return strings.Compare(d.digits, e.digits)
	}
}
