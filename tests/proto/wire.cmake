doorward_server_test(identity_test ${CMAKE_CURRENT_LIST_DIR}/identity_test.cc)
doorward_test(wire_test ${CMAKE_CURRENT_LIST_DIR}/wire_test.cc)
doorward_server_test(link_test
  ${CMAKE_CURRENT_LIST_DIR}/link_test.cc ${CMAKE_CURRENT_LIST_DIR}/link_trust_test.cc)

# Today's protocol between an older and a newer one.
set(evolution ${CMAKE_CURRENT_BINARY_DIR}/evolution)
set(protocol ${CMAKE_SOURCE_DIR}/proto/protocol.fbs)
foreach(age older newer)
  set(from ${protocol})
  if(age STREQUAL "older")
    set(from ${CMAKE_CURRENT_LIST_DIR}/evolution/protocol_older.fbs)
  endif()
  add_custom_command(
    OUTPUT ${evolution}/protocol_${age}_generated.h
    COMMAND ${CMAKE_COMMAND} -DIN=${from} -DOUT=${evolution}/protocol_${age}.fbs
            -P ${CMAKE_CURRENT_LIST_DIR}/evolution/${age}_schema.cmake
    COMMAND ${FLATC} --cpp --cpp-std c++17 --scoped-enums -o ${evolution}
            ${evolution}/protocol_${age}.fbs
    DEPENDS ${from} ${CMAKE_CURRENT_LIST_DIR}/evolution/${age}_schema.cmake
    VERBATIM)
endforeach()
add_custom_target(doorward_evolution_schemas DEPENDS
  ${evolution}/protocol_older_generated.h ${evolution}/protocol_newer_generated.h)
doorward_server_test(evolution_test ${CMAKE_CURRENT_LIST_DIR}/evolution/evolution_test.cc)
target_include_directories(evolution_test SYSTEM PRIVATE ${evolution})
add_dependencies(evolution_test doorward_evolution_schemas)
add_test(NAME Protocol.EvolvesFromTheOlder
  COMMAND ${FLATC} --conform ${CMAKE_CURRENT_LIST_DIR}/evolution/protocol_older.fbs ${protocol})
