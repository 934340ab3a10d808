# Turns text files into C arrays: cmake -DOUT=assets.c -DFILES="a/page.css;a/page.js" -P embed.cmake
# For page.css: const char jp_page_css[], NUL-terminated, and jp_page_css_hash[], "sha256-" and the content's SHA-256 in
# base64, as a Content-Security-Policy names it.
set(alphabet "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")

function(hex_to_base64 hex out) # 32 bytes: 21 groups of 3 hex digits, and one digit that is left
    set(text "")
    foreach(group RANGE 0 20)
        math(EXPR at "${group} * 3")
        string(SUBSTRING ${hex} ${at} 3 digits)
        math(EXPR high "0x${digits} >> 6")
        math(EXPR low "0x${digits} & 63")
        string(SUBSTRING ${alphabet} ${high} 1 first)
        string(SUBSTRING ${alphabet} ${low} 1 second)
        string(APPEND text ${first}${second})
    endforeach()
    string(SUBSTRING ${hex} 63 1 digit)
    math(EXPR last "0x${digit} << 2")
    string(SUBSTRING ${alphabet} ${last} 1 letter)
    set(${out} "${text}${letter}=" PARENT_SCOPE)
endfunction()

set(code "#include \"report/assets.h\"\n")
foreach(file ${FILES})
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} name)
    file(READ ${file} content HEX)
    string(REGEX REPLACE "(..)" "0x\\1," content "${content}")
    string(REGEX REPLACE "((....,){16})" "\\1\n" content "${content}")
    file(SHA256 ${file} hash)
    hex_to_base64(${hash} hash)
    string(APPEND code "\nconst char jp_${name}_hash[] = \"sha256-${hash}\";\nconst char jp_${name}[] = {\n${content}0};\n")
endforeach()
file(WRITE ${OUT} "${code}")
