# Both real programs over TLS (world.py). DOORWARD_FLEET_KILLS, _DELTAS and _ALERTS in the
# environment make longer runs.
if(DOORWARD_PYTHON AND NOT DOORWARD_SANITIZE)
  set(environment DOORWARD_AGENT=$<TARGET_FILE:doorward-agent>
                  DOORWARD_SERVER=$<TARGET_FILE:doorward-server>)
  if(DOORWARD_BUILD_BENCH)
    list(APPEND environment DOORWARD_LOAD=$<TARGET_FILE:server-load>)
  endif()
  foreach(which equality.FleetEqualsAllLogs fresh_host.FreshHost kill.LoadAndKills kill.RealAgents
                manage.Policy manage.Verdicts manage.Identities manage.Operation bytes.Bytes)
    string(REGEX MATCH "^[^.]+" file ${which})
    string(REGEX REPLACE "^[^.]+\\." "" class ${which})
    add_test(NAME fleet_e2e.${which}
             COMMAND ${DOORWARD_PYTHON} -B ${CMAKE_CURRENT_LIST_DIR}/${file}_test.py ${class})
    set_tests_properties(fleet_e2e.${which} PROPERTIES TIMEOUT 600 LABELS fleet
                         ENVIRONMENT "${environment}")
  endforeach()
endif()
