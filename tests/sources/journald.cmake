foreach(name trust hostile recorded)
  doorward_test(journald_${name}_test ${CMAKE_CURRENT_LIST_DIR}/journald_${name}_test.cc)
endforeach()
