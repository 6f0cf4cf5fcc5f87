package scheduler

import (
	"fmt"
	"strconv"
	"strings"
)

// fieldSpec is what one of the five fields may hold.
type fieldSpec struct {
	name     string
	min, max int
	names    []string // for min, min+1, …; lower case
	hint     string   // what the numbers mean
}

var fieldSpecs = []fieldSpec{
	{name: "minute", min: 0, max: 59, hint: "minutes go from 0 to 59"},
	{name: "hour", min: 0, max: 23, hint: "hours go from 0 to 23"},
	{name: "day of month", min: 1, max: 31, hint: "days go from 1 to 31"},
	{
		name: "month", min: 1, max: 12, hint: "months go from 1 to 12 or from JAN to DEC",
		names: []string{"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"},
	},
	{
		name: "day of week", min: 0, max: 6, hint: "days go from 0 (Sunday) to 6 (Saturday) or from SUN to SAT",
		names: []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"},
	},
}

// check says what is wrong with the text of a field and how to mend it, or nothing.
func (f fieldSpec) check(text string) string {
	for item := range strings.SplitSeq(text, ",") {
		if item == "" {
			return fmt.Sprintf("%q has an empty list item; remove the extra comma", text)
		}
		if complaint := f.checkItem(item); complaint != "" {
			return complaint
		}
	}
	return ""
}

// checkItem accepts *, ?, a value or a range, each with an optional step.
func (f fieldSpec) checkItem(item string) string {
	base, step, stepped := strings.Cut(item, "/")
	if stepped {
		if complaint := f.checkStep(item, step); complaint != "" {
			return complaint
		}
	}
	if base == "*" || base == "?" {
		return ""
	}
	from, to, ranged := strings.Cut(base, "-")
	low, ok := f.value(from)
	if !ok {
		return fmt.Sprintf("%q is not valid; %s", item, f.hint)
	}
	if !ranged {
		return ""
	}
	high, ok := f.value(to)
	if !ok {
		return fmt.Sprintf("%q is not valid; %s", item, f.hint)
	}
	if low > high {
		return fmt.Sprintf("%q runs backwards; write two ranges, %s-%d,%d-%s", item, from, f.max, f.min, to)
	}
	return ""
}

func (f fieldSpec) checkStep(item, step string) string {
	n, ok := number(step)
	switch {
	case !ok || n == 0:
		return fmt.Sprintf("%q has a bad step; write a number after the slash, such as */5", item)
	case n > f.max-f.min:
		return fmt.Sprintf("%q steps past the end, because the field holds only %d to %d; for an interval across fields use @every, such as @every 90m",
			item, f.min, f.max)
	}
	return ""
}

// value is the number or the name text within the field's bounds.
func (f fieldSpec) value(text string) (int, bool) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.min + i, true
		}
	}
	n, ok := number(text)
	return n, ok && n >= f.min && n <= f.max
}

// number reads decimal digits only: no sign, no spaces.
func number(text string) (int, bool) {
	if text == "" || len(text) > 4 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}
