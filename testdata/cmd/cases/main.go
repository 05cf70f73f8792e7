// SPDX-License-Identifier: Apache-2.0

// Command cases holds cases in one executable, because executables are
// the larger part of a capture.
package main

import (
	"inquest.test/abba"
	"inquest.test/cond"
	corefirst "inquest.test/contradict-corefirst"
	fatalasleep "inquest.test/fatal-asleep"
	fatalmapwrite "inquest.test/fatal-mapwrite"
	"inquest.test/growth"
	"inquest.test/leakrecv"
	"inquest.test/leakselect"
	"inquest.test/leaksend"
	"inquest.test/lockheld"
	"inquest.test/moment"
	"inquest.test/network"
	"inquest.test/neverwoken"
	"inquest.test/nilchan"
	panicbounds "inquest.test/panic-bounds"
	panicclosed "inquest.test/panic-closed"
	paniccustom "inquest.test/panic-custom"
	panicnil "inquest.test/panic-nil"
	"inquest.test/selflock"
	sigabrt "inquest.test/sig-abrt"
	sigsegv "inquest.test/sig-segv"
	"inquest.test/silentpeer"
	"inquest.test/stucklistener"
	"inquest.test/syscalls"
	"inquest.test/waitgroup"
	"inquest.test/zoo"
)

func main() {
	moment.Main([]moment.Case{
		{Name: "abba", Run: abba.Defect},
		{Name: "abba-healthy", Run: abba.Healthy},
		{Name: "cond", Run: cond.Defect},
		{Name: "cond-healthy", Run: cond.Healthy},
		{Name: "contradict-corefirst", Before: corefirst.Before, Run: corefirst.After},
		{Name: "growth", Run: growth.Defect},
		{Name: "growth-healthy", Run: growth.Healthy},
		{Name: "growth-pool", Run: growth.Pool},
		{Name: "leakrecv", Run: leakrecv.Defect},
		{Name: "leakrecv-healthy", Run: leakrecv.Healthy},
		{Name: "leakselect", Run: leakselect.Defect},
		{Name: "leakselect-healthy", Run: leakselect.Healthy},
		{Name: "leaksend", Run: leaksend.Defect},
		{Name: "leaksend-healthy", Run: leaksend.Healthy},
		{Name: "lockheld", Run: lockheld.Defect},
		{Name: "lockheld-healthy", Run: lockheld.Healthy},
		{Name: "network", Run: network.Defect},
		{Name: "network-healthy", Run: network.Healthy},
		{Name: "neverwoken", Run: neverwoken.Defect},
		{Name: "neverwoken-healthy", Run: neverwoken.Healthy},
		{Name: "nilchan", Run: nilchan.Defect},
		{Name: "nilchan-healthy", Run: nilchan.Healthy, Park: moment.ParkForEver},
		{Name: "selflock", Run: selflock.Defect},
		{Name: "selflock-healthy", Run: selflock.Healthy},
		{Name: "silentpeer", Run: silentpeer.Defect},
		{Name: "silentpeer-healthy", Run: silentpeer.Healthy},
		{Name: "stucklistener", Run: stucklistener.Defect},
		{Name: "stucklistener-healthy", Run: stucklistener.Healthy},
		{Name: "syscalls", Run: syscalls.Defect},
		{Name: "syscalls-healthy", Run: syscalls.Healthy},
		{Name: "waitgroup", Run: waitgroup.Defect},
		{Name: "waitgroup-healthy", Run: waitgroup.Healthy},
		{Name: "zoo", Run: zoo.Healthy},
		{Name: "panic-nil", Run: panicnil.Defect, Dies: true},
		{Name: "panic-custom", Run: paniccustom.Defect, Dies: true},
		{Name: "panic-closed", Run: panicclosed.Defect, Dies: true},
		{Name: "panic-bounds", Run: panicbounds.Defect, Dies: true},
		{Name: "fatal-mapwrite", Run: fatalmapwrite.Defect, Dies: true},
		{Name: "fatal-asleep", Run: fatalasleep.Defect, Dies: true},
		{Name: "sig-segv", Run: sigsegv.Defect},
		{Name: "sig-abrt", Run: sigabrt.Defect},
	})
}
