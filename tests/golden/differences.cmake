# differences.cmake - whether docs/jsonata-differences.md, the golden cases and the differential fuzzer's tables speak of the
# same differences.  Run with -DROOT=<source folder>.
file(READ ${ROOT}/docs/jsonata-differences.md page)
file(READ ${ROOT}/tests/golden/jsonata/differences.json cases)
file(READ ${ROOT}/tests/differential/known.js table)
file(READ ${ROOT}/tests/differential/mends.js mends)

function(names text pattern out)
    string(REGEX MATCHALL "${pattern}" found "${text}")
    list(TRANSFORM found REPLACE "${pattern}" "\\1")
    list(REMOVE_DUPLICATES found)
    list(SORT found)
    set(${out} "${found}" PARENT_SCOPE)
endfunction()

names("${page}" "\n\\| `([a-z-]+)` \\|" described)
names("${cases}" "\"difference\":\"([a-z-]+)\"" tested)
names("${table}" "name: '([a-z-]+)'" counted)
names("${mends}" "\n    '([a-z-]+)': " mended)
list(APPEND counted ${mended})
list(REMOVE_DUPLICATES counted)
list(REMOVE_ITEM counted clock chance)      # not differences of the engines

if(NOT described STREQUAL tested)
    message(FATAL_ERROR "described and tested differ:\n  ${described}\n  ${tested}")
endif()
list(REMOVE_ITEM counted ${described})
if(counted)
    message(FATAL_ERROR "counted as known, but not described: ${counted}")
endif()
