doorward_test(spool_test ${CMAKE_CURRENT_LIST_DIR}/spool_test.cc)
doorward_test(spool_damage_test ${CMAKE_CURRENT_LIST_DIR}/spool_damage_test.cc)
doorward_test(spool_disk_test ${CMAKE_CURRENT_LIST_DIR}/spool_disk_test.cc)
