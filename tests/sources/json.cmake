foreach(name records corpora hostile allocation sniff)
  doorward_test(json_${name}_test ${CMAKE_CURRENT_LIST_DIR}/json_${name}_test.cc)
endforeach()
target_link_libraries(json_allocation_test PRIVATE doorward_allocations)
