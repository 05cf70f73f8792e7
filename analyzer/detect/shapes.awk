# SPDX-License-Identifier: Apache-2.0
# shapes.ini as rows for the compiler: its lines, and for each rule what is
# listed without a case.
function row() {
	if (id != "")
		printf "IQ_SHAPE(\"%s\", IQ_CLASS_%s, IQ_SEVERITY_%s, \"%s\", %s)\n",
			id, toupper(class), toupper(severity), summary, yields
}
# What awks make of backslashes in gsub() differs.
function quoted(from,  to, i, c) {
	to = ""
	for (i = 1; i <= length(from); i++) {
		c = substr(from, i, 1)
		to = to (c == "\\" || c == "\"" ? "\\" : "") c
	}
	return to
}
function value(line) {
	sub(/^[^=]*=[ \t]*/, "", line)
	return line
}
{
	line = quoted($0)
}
/^\[/ {
	row()
	id = substr($0, 2, index($0, "]") - 2)
	class = "blocked"
	severity = "warning"
	summary = ""
	yields = "true"
}
/^class[ \t]*=/ { class = value($0) }
/^severity[ \t]*=/ { severity = value($0) }
/^summary[ \t]*=/ { summary = value(line) }
/^yields[ \t]*=/ { yields = value($0) == "no" ? "false" : "true" }
{ printf "IQ_SHAPE_LINE(\"%s\")\n", line }
END { row() }
