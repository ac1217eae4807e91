foreach(name run kill)
  doorward_test(daemon_${name}_test ${CMAKE_CURRENT_LIST_DIR}/${name}_test.cc
    ${CMAKE_CURRENT_LIST_DIR}/program.cc ${CMAKE_CURRENT_LIST_DIR}/running_agent.cc)
endforeach()
