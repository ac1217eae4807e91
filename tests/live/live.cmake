foreach(name live_inputs live_plan folder_stream trusted_files)
  doorward_test(${name}_test ${CMAKE_CURRENT_LIST_DIR}/${name}_test.cc)
endforeach()
