# commit.hpp for the program: made at each build, written only when the commit is another. Run as a script it makes that file.
# No library sees it: a commit links one program anew.
if(CMAKE_SCRIPT_MODE_FILE)
  if(NOT commit)
    set(commit "unknown")
    # Else the commit of whatever repository lies around the tree.
    if(NOT EXISTS ${source}/.git)
      set(source /nonexistent)
    endif()
    execute_process(COMMAND git -C ${source} -c safe.directory=${source} describe --always --dirty --exclude * --abbrev=12
      OUTPUT_VARIABLE said OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET RESULT_VARIABLE status)
    if(status STREQUAL "0")
      set(commit ${said})
    endif()
  endif()
  file(CONFIGURE OUTPUT ${output} CONTENT "#pragma once\n\n#define BAZAARD_COMMIT \"${commit}\"\n")
else()
  set(commit_header ${CMAKE_CURRENT_BINARY_DIR}/generated/commit.hpp)
  add_custom_target(commit
    COMMAND ${CMAKE_COMMAND} -D commit=${BAZAARD_COMMIT} -D source=${CMAKE_SOURCE_DIR} -D output=${commit_header}
            -P ${CMAKE_CURRENT_LIST_FILE}
    BYPRODUCTS ${commit_header} VERBATIM)
  add_dependencies(bazaard commit)
  target_include_directories(bazaard PRIVATE ${CMAKE_CURRENT_BINARY_DIR}/generated)
endif()
