# embed.cmake - makes a C source of a file: cmake -DFROM=a.py -DTO=a.c -DNAME=local_runtime_python -P embed.cmake
# defines `const char NAME[]` and `const size_t NAME_size`.  Bytes as numbers: a string literal has limits.
file(READ ${FROM} hex HEX)
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
string(REGEX REPLACE "((0x..,){24})" "\\1\n" bytes "${bytes}")
file(WRITE ${TO} "#include <stddef.h>\n\nextern const char ${NAME}[];\nextern const size_t ${NAME}_size;\n\n"
     "const char ${NAME}[] = {\n${bytes}\n};\nconst size_t ${NAME}_size = sizeof ${NAME};\n")
