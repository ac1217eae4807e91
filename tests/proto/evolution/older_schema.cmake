# The older schema in a namespace of its own, so that one program can hold it beside today's.
file(READ ${IN} schema)
string(REPLACE "namespace doorward.wire;" "namespace doorward.wire_older;" schema "${schema}")
file(WRITE ${OUT} "${schema}")
