# The man page and completions, as the command prints them: cmake -DJOPA=build/jopa -DOUT=FOLDER -P documents.cmake
# What this command does not print is left out: MARK tells a document from something else.
function(write_document file mark)
    execute_process(COMMAND ${JOPA} ${ARGN} OUTPUT_VARIABLE text RESULT_VARIABLE code ERROR_QUIET)
    if(code EQUAL 0 AND text MATCHES "${mark}")
        file(WRITE ${OUT}/${file} "${text}")
    else()
        file(REMOVE ${OUT}/${file})
    endif()
endfunction()

write_document(man/jopa.1 "(^|\n)[.]SH " help --man)
write_document(bash/jopa "(^|\n)complete " help --completion bash)
write_document(zsh/_jopa "^#compdef " help --completion zsh)
write_document(fish/jopa.fish "(^|\n)complete " help --completion fish)
