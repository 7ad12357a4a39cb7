# bazaar_embed(bazaar_ROOM FOLDER FILE... [FROM FOLDER FILE...]): the files' bytes as read-only data of a room, found by
# bazaar::ROOM::embedded(name).
function(bazaar_embed target folder)
  string(REPLACE "bazaar_" "" room ${target})
  set(assembly "${CMAKE_CURRENT_BINARY_DIR}/embedded_${room}.S")
  set(source "${CMAKE_CURRENT_BINARY_DIR}/embedded_${room}.cpp")
  set(text ".section .rodata\n")
  set(externs "")
  set(rows "")
  set(paths "")
  set(next_is_folder OFF)
  foreach(file IN LISTS ARGN)
    if(file STREQUAL "FROM")
      set(next_is_folder ON)
      continue()
    elseif(next_is_folder)
      set(folder ${file})
      set(next_is_folder OFF)
      continue()
    endif()
    string(MAKE_C_IDENTIFIER "embedded_${room}_${file}" symbol)
    set(path "${CMAKE_CURRENT_SOURCE_DIR}/${folder}/${file}")
    list(APPEND paths ${path})
    string(APPEND text
      ".balign 16\n.global ${symbol}\n${symbol}:\n.incbin \"${path}\"\n.global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND externs "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    string(APPEND rows "    if (name == \"${file}\")\n        return {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})};\n")
  endforeach()
  string(APPEND text ".section .note.GNU-stack,\"\",%progbits\n")
  file(CONFIGURE OUTPUT ${assembly} CONTENT "${text}" @ONLY)
  file(CONFIGURE OUTPUT ${source} CONTENT
"#include \"bazaar/${room}/embedded.hpp\"

${externs}
namespace bazaar::${room}
{

std::string_view embedded(std::string_view name)
{
${rows}    return {};
}

}  // namespace bazaar::${room}
" @ONLY)
  set_source_files_properties(${assembly} PROPERTIES OBJECT_DEPENDS "${paths}")
  target_sources(${target} PRIVATE ${assembly} ${source})
endfunction()
