# Writes the protocol as a version to come might have it: fields, tables and messages added to
# today's, whatever today's are. cmake -DIN=protocol.fbs -DOUT=newer.fbs -P newer_schema.cmake
file(READ ${IN} schema)
string(REPLACE "namespace doorward.wire;" [=[namespace doorward.wire_newer;

table Mood { name: string; weather: [string]; }
table Farewell { words: string (required); moods: [Mood]; }
]=] schema "${schema}")
foreach(table Hello Welcome Delta Ack)
  string(REGEX REPLACE "(table ${table} {[^}]*)}"
    "\\1  mood: Mood;\n  moods: [Mood];\n  shade: ulong = 7;\n}" schema "${schema}")
endforeach()
string(REGEX REPLACE "(union Message {[^}]*)}" "\\1  Farewell,\n}" schema "${schema}")
string(REGEX REPLACE "(enum RefusalCode : ubyte {[^}]*)}" "\\1  bad_mood,\n}" schema "${schema}")
file(WRITE ${OUT} "${schema}")
