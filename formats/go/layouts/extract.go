// SPDX-License-Identifier: Apache-2.0

package main

import (
	"debug/buildinfo"
	"debug/dwarf"
	"debug/elf"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
)

const absent = math.MaxUint32

// A field's place; offset is absent if the version has no such field.
type place struct {
	offset, size uint32
}

// What one toolchain makes of one architecture.
type facts struct {
	version     string           // "go1.22.12"
	arch        string           // "amd64"
	places      map[string]place // by member; a size has its value in .size
	funcIDs     map[string]int64 // by member; what is missing is absent
	constants   map[string]int64
	waitReasons []string
	tables      tables
}

// Mirrors struct iq_go_tables.
type tables struct {
	pclntabMagic    uint32
	inlineSize      uint32
	labelsAreList   bool
	sudogTwoWords   bool
	sematableStride uint32
}

// debugInfo is what the DWARF of an executable says, by name.
type debugInfo struct {
	file      *elf.File
	data      *dwarf.Data
	types     map[string]dwarf.Offset
	variables map[string]dwarf.Offset
	constants map[string]int64
	symbols   map[string]elf.Symbol
}

func openDebugInfo(path string) (*debugInfo, error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, err
	}
	d := &debugInfo{
		file:      f,
		types:     map[string]dwarf.Offset{},
		variables: map[string]dwarf.Offset{},
		constants: map[string]int64{},
		symbols:   map[string]elf.Symbol{},
	}
	if d.data, err = f.DWARF(); err != nil {
		return nil, err
	}
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	for _, s := range symbols {
		d.symbols[s.Name] = s
	}
	return d, d.index()
}

// index notes the top-level types, variables and constants.
func (d *debugInfo) index() error {
	r := d.data.Reader()
	for {
		e, err := r.Next()
		if err != nil || e == nil {
			return err
		}
		name, _ := e.Val(dwarf.AttrName).(string)
		switch e.Tag {
		case dwarf.TagCompileUnit:
			continue
		case dwarf.TagStructType, dwarf.TagTypedef:
			if _, known := d.types[name]; !known || e.Tag == dwarf.TagStructType {
				d.types[name] = e.Offset
			}
		case dwarf.TagVariable:
			if t, ok := e.Val(dwarf.AttrType).(dwarf.Offset); ok {
				d.variables[name] = t
			}
		case dwarf.TagConstant:
			if v, ok := e.Val(dwarf.AttrConstValue).(int64); ok {
				d.constants[name] = v
			}
		}
		if e.Children {
			r.SkipChildren()
		}
	}
}

// lookup finds the first of alternative types; nil if there is none.
func (d *debugInfo) lookup(names []string) (dwarf.Type, error) {
	for _, name := range names {
		off, ok := d.types[name]
		if v := strings.TrimPrefix(name, "var "); v != name {
			off, ok = d.variables[v]
		}
		if ok {
			return d.data.Type(off)
		}
	}
	return nil, nil
}

func strip(t dwarf.Type) dwarf.Type {
	for {
		td, ok := t.(*dwarf.TypedefType)
		if !ok {
			return t
		}
		t = td.Type
	}
}

// find follows a dotted path into a struct.
func find(t dwarf.Type, path string) (place, bool) {
	var offset int64
	for _, name := range strings.Split(path, ".") {
		s, ok := strip(t).(*dwarf.StructType)
		if !ok {
			return place{}, false
		}
		f := fieldOf(s, name)
		if f == nil {
			return place{}, false
		}
		offset += f.ByteOffset
		t = f.Type
	}
	return place{uint32(offset), uint32(t.Size())}, true
}

func fieldOf(s *dwarf.StructType, name string) *dwarf.StructField {
	for _, f := range s.Field {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// places measures every row of go_fields.def.
func (d *debugInfo) places(rows []row) (map[string]place, error) {
	places := map[string]place{}
	for _, r := range rows {
		t, err := d.lookup(r.types)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.member, err)
		}
		if r.macro == "IQ_GO_SIZE" {
			p := place{}
			if t != nil {
				p.size = uint32(t.Size())
			}
			places[r.member] = p
			continue
		}
		places[r.member] = place{absent, 0}
		for _, path := range r.paths {
			if t == nil {
				break
			}
			if p, ok := find(t, path); ok {
				places[r.member] = p
				break
			}
		}
	}
	return places, nil
}

// numbers looks the constants of a .def file up; what no alternative names is
// missing from the result. A name without a package is internal/abi's or the
// runtime's.
func (d *debugInfo) numbers(rows []row) map[string]int64 {
	values := map[string]int64{}
	for _, r := range rows {
		for _, name := range r.types {
			names := []string{name}
			if !strings.Contains(name, ".") {
				names = []string{"internal/abi." + name, "runtime." + name}
			}
			for _, n := range names {
				v, ok := d.constants[n]
				if _, have := values[r.member]; ok && !have {
					values[r.member] = v
				}
			}
		}
	}
	return values
}

// read gives the bytes that an address has when the program starts.
func (d *debugInfo) read(addr, size uint64) ([]byte, error) {
	for _, p := range d.file.Progs {
		if p.Type == elf.PT_LOAD && addr >= p.Vaddr &&
			size <= p.Filesz && addr-p.Vaddr <= p.Filesz-size {
			b := make([]byte, size)
			_, err := p.ReadAt(b, int64(addr-p.Vaddr))
			return b, err
		}
	}
	return nil, fmt.Errorf("no bytes at %#x", addr)
}

func (d *debugInfo) symbol(name string) (elf.Symbol, []byte, error) {
	s, ok := d.symbols[name]
	if !ok {
		return s, nil, fmt.Errorf("no symbol %s", name)
	}
	b, err := d.read(s.Value, s.Size)
	return s, b, err
}

// waitReasons reads the array of strings out of the program's data.
func (d *debugInfo) waitReasons() ([]string, error) {
	_, b, err := d.symbol("runtime.waitReasonStrings")
	if err != nil {
		return nil, err
	}
	var texts []string
	for ; len(b) >= 16; b = b[16:] {
		addr := binary.LittleEndian.Uint64(b)
		size := binary.LittleEndian.Uint64(b[8:])
		text := []byte{}
		if size > 0 {
			if text, err = d.read(addr, size); err != nil {
				return nil, err
			}
		}
		texts = append(texts, string(text))
	}
	return texts, nil
}

func (d *debugInfo) pclntabMagic() (uint32, error) {
	_, b, err := d.symbol("runtime.firstmoduledata")
	if err != nil {
		return 0, err
	}
	t, err := d.lookup([]string{"runtime.moduledata"})
	if err != nil {
		return 0, err
	}
	p, ok := find(t, "pcHeader")
	if !ok {
		return 0, fmt.Errorf("moduledata has no pcHeader")
	}
	magic, err := d.read(binary.LittleEndian.Uint64(b[p.offset:]), 4)
	if err != nil {
		return 0, err
	}
	return binary.LittleEndian.Uint32(magic), nil
}

// tables measures what is no struct's field.
func (d *debugInfo) tables() (tables, error) {
	var t tables
	var err error
	if t.pclntabMagic, err = d.pclntabMagic(); err != nil {
		return t, err
	}
	inlined, err := d.lookup([]string{"runtime.inlinedCall"})
	if err != nil || inlined == nil {
		return t, fmt.Errorf("no type runtime.inlinedCall")
	}
	t.inlineSize = uint32(inlined.Size())

	labels, err := d.lookup([]string{"runtime/pprof.labelMap"})
	if err != nil || labels == nil {
		return t, fmt.Errorf("no type runtime/pprof.labelMap")
	}
	_, t.labelsAreList = strip(labels).(*dwarf.StructType)

	sudog, err := d.lookup([]string{"runtime.sudog"})
	if err != nil || sudog == nil {
		return t, fmt.Errorf("no type runtime.sudog")
	}
	_, t.sudogTwoWords = find(sudog, "elem.vu")

	table, err := d.lookup([]string{"var runtime.semtable"})
	roots := d.constants["runtime.semTabSize"]
	if err != nil || table == nil || roots == 0 || table.Size()%roots != 0 {
		return t, fmt.Errorf("no array runtime.semtable")
	}
	t.sematableStride = uint32(table.Size() / roots)
	return t, nil
}

// extract reads all that the table needs out of one executable.
func extract(path string, defs *definitions) (*facts, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return nil, err
	}
	d, err := openDebugInfo(path)
	if err != nil {
		return nil, err
	}
	defer d.file.Close()

	f := &facts{version: info.GoVersion}
	switch d.file.Machine {
	case elf.EM_X86_64:
		f.arch = "amd64"
	case elf.EM_AARCH64:
		f.arch = "arm64"
	default:
		return nil, fmt.Errorf("machine is %v, not amd64 or arm64", d.file.Machine)
	}
	if f.places, err = d.places(defs.fields); err != nil {
		return nil, err
	}
	f.funcIDs = d.numbers(defs.funcIDs)
	f.constants = d.numbers(defs.constants)
	if f.waitReasons, err = d.waitReasons(); err != nil {
		return nil, err
	}
	f.tables, err = d.tables()
	return f, err
}
