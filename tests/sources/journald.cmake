foreach(name trust hostile recorded allocation)
  doorward_test(journald_${name}_test ${CMAKE_CURRENT_LIST_DIR}/journald_${name}_test.cc)
endforeach()
target_link_libraries(journald_allocation_test PRIVATE doorward_allocations)
