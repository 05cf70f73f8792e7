// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"
)

// Widest line of the output, in columns; a tab counts eight.
const width = 80

// A measured version and the names of its parts in C.
type entry struct {
	*facts
	minor, patch  int
	lastPatch     int
	layout        string
	funcIDsName   string
	constantsName string
	tablesName    string
	reasonsName   string
}

// tag is what shapes first seen in this version are called after.
func (e *entry) tag() string {
	return fmt.Sprintf("%d_%d_%s", e.minor, e.patch, e.arch)
}

// key is what two rows that mean the same have in common.
func (e *entry) key() string {
	return strings.Join([]string{
		e.layout, e.funcIDsName, e.constantsName, e.tablesName, e.reasonsName,
	}, " ")
}

// A pool gives equal texts one name.
type pool struct {
	names map[string]string
}

// intern returns the name of body; if it is new, the proposed one, and true.
func (p *pool) intern(proposed, body string) (string, bool) {
	if name, ok := p.names[body]; ok {
		return name, false
	}
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.names[body] = proposed
	return proposed, true
}

// wrap joins items to lines of at most width columns, each with end after it.
func wrap(items []string, end string) string {
	var out, line strings.Builder
	flush := func() {
		if line.Len() > 0 {
			fmt.Fprintf(&out, "\t%s%s\n", line.String(), end)
			line.Reset()
		}
	}
	for _, item := range items {
		if 8+line.Len()+1+len(item)+len(end) > width {
			flush()
		}
		if line.Len() > 0 {
			line.WriteByte(' ')
		}
		line.WriteString(item)
	}
	flush()
	return out.String()
}

func funcID(f *facts, r row) int64 {
	if v, ok := f.funcIDs[r.member]; ok {
		return v
	}
	return -1
}

// shape is one struct's members as designated initializers.
func shape(f *facts, g group) []string {
	var items []string
	for _, r := range g.rows {
		p := f.places[r.member]
		switch {
		case r.macro == "IQ_GO_SIZE":
			items = append(items, fmt.Sprintf(".%s = %d,", r.member, p.size))
		case p.offset == absent:
			items = append(items, fmt.Sprintf(".%s = ABSENT,", r.member))
		default:
			items = append(items, fmt.Sprintf(".%s = {%d, %d},",
				r.member, p.offset, p.size))
		}
	}
	return items
}

func number(values map[string]int64, r row) string {
	if v, ok := values[r.member]; ok {
		return strconv.FormatInt(v, 10)
	}
	return "IQ_GO_NO_CONSTANT"
}

type emitter struct {
	w         *bufio.Writer
	defs      *definitions
	groups    []group
	shapes    []pool // one for each group
	layouts   pool
	funcIDs   pool
	constants pool
	tables    pool
	reasons   pool
}

// layout writes the shapes that are new and the layout, if that is.
func (m *emitter) layout(e *entry) {
	var names []string
	for i, g := range m.groups {
		body := wrap(shape(e.facts, g), " \\")
		name, isNew := m.shapes[i].intern(g.name+"_"+e.tag(), body)
		if isNew {
			fmt.Fprintf(m.w, "#define %s \\\n%s\n", name, body)
		}
		names = append(names, name)
	}
	body := wrap(names, "")
	name, isNew := m.layouts.intern("layout_"+e.tag(), body)
	if isNew {
		fmt.Fprintf(m.w, "static const struct iq_go_layout %s = {\n%s};\n\n",
			name, body)
	}
	e.layout = name
}

// object writes a struct of the given type unless an equal one stands already.
func (m *emitter) object(p *pool, ctype, proposed string, items []string) string {
	body := wrap(items, "")
	name, isNew := p.intern(proposed, body)
	if isNew {
		fmt.Fprintf(m.w, "static const %s = {\n%s};\n\n",
			strings.ReplaceAll(ctype, "NAME", name), body)
	}
	return name
}

func (m *emitter) numbers(e *entry) {
	var ids, constants, reasons []string
	for _, r := range m.defs.funcIDs {
		ids = append(ids, fmt.Sprintf(".%s = %d,", r.member, funcID(e.facts, r)))
	}
	for _, r := range m.defs.constants {
		constants = append(constants, fmt.Sprintf(".%s = %s,", r.member,
			number(e.constants, r)))
	}
	for _, text := range e.waitReasons {
		reasons = append(reasons, strconv.Quote(text)+",")
	}
	t := e.facts.tables
	shapes := []string{
		fmt.Sprintf(".pclntab_magic = %#x,", t.pclntabMagic),
		fmt.Sprintf(".inline_size = %d,", t.inlineSize),
		fmt.Sprintf(".labels_are_list = %t,", t.labelsAreList),
		fmt.Sprintf(".sudog_two_words = %t,", t.sudogTwoWords),
		fmt.Sprintf(".sematable_stride = %d,", t.sematableStride),
	}
	e.funcIDsName = m.object(&m.funcIDs, "struct iq_go_func_ids NAME",
		"func_ids_"+e.tag(), ids)
	e.constantsName = m.object(&m.constants, "struct iq_go_constants NAME",
		"constants_"+e.tag(), constants)
	e.tablesName = m.object(&m.tables, "struct iq_go_tables NAME",
		"tables_"+e.tag(), shapes)
	e.reasonsName = m.object(&m.reasons, "char *const NAME[]",
		"wait_reasons_"+e.tag(), reasons)
}

func (m *emitter) row(e *entry) {
	fmt.Fprintf(m.w, "\t{ .arch = %q, .minor = %d, .patch = %d, .last_patch = %d,\n",
		e.arch, e.minor, e.patch, e.lastPatch)
	fmt.Fprintf(m.w, "\t  .layout = &%s, .func_ids = &%s,\n", e.layout, e.funcIDsName)
	fmt.Fprintf(m.w, "\t  .constants = &%s, .tables = &%s,\n", e.constantsName,
		e.tablesName)
	fmt.Fprintf(m.w, "\t  .wait_reasons = %s, .num_wait_reasons = %d },\n",
		e.reasonsName, len(e.waitReasons))
}

var releaseRE = regexp.MustCompile(`^go1\.([0-9]+)(?:\.([0-9]+))?$`)

// order makes entries of what was measured and sorts them as the table is.
func order(all []*facts) ([]*entry, error) {
	var entries []*entry
	for _, f := range all {
		m := releaseRE.FindStringSubmatch(f.version)
		if m == nil {
			return nil, fmt.Errorf("version is %q, not like go1.22.12", f.version)
		}
		e := &entry{facts: f}
		e.minor, _ = strconv.Atoi(m[1])
		e.patch, _ = strconv.Atoi(m[2]) // 0 for "", the first release to 1.20
		entries = append(entries, e)
	}
	sort.SliceStable(entries, func(i, j int) bool {
		a, b := entries[i], entries[j]
		if a.arch != b.arch {
			return a.arch < b.arch
		}
		if a.minor != b.minor {
			return a.minor < b.minor
		}
		return a.patch < b.patch
	})
	return entries, nil
}

// rows keeps what a table needs: the first entry of each minor version and
// those that differ from the one before. Each learns which patch was the last
// that was seen to be like it.
func rows(entries []*entry) []*entry {
	var kept []*entry
	for _, e := range entries {
		if n := len(kept); n > 0 {
			last := kept[n-1]
			if last.arch == e.arch && last.minor == e.minor &&
				last.key() == e.key() {
				last.lastPatch = e.patch
				continue
			}
		}
		e.lastPatch = e.patch
		kept = append(kept, e)
	}
	return kept
}

// emit writes the C file.
func emit(w *bufio.Writer, all []*facts, defs *definitions) error {
	entries, err := order(all)
	if err != nil {
		return err
	}
	m := &emitter{w: w, defs: defs, groups: groupRows(defs.fields)}
	m.shapes = make([]pool, len(m.groups))

	fmt.Fprint(w, `/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated by formats/go/layouts/generate from what the Go toolchains build;
 * do not edit. {offset, size} of each field; a shape is called after the first
 * version that has it, and versions that agree share it.
 */
/* clang-format off */
#define ABSENT {IQ_GO_ABSENT, 0}

`)
	for _, e := range entries {
		m.layout(e)
		m.numbers(e)
	}
	fmt.Fprint(w, "static const struct iq_go_version versions[] = {\n")
	for _, e := range rows(entries) {
		m.row(e)
	}
	fmt.Fprint(w, "};\n\n#undef ABSENT\n/* clang-format on */\n")
	return nil
}
