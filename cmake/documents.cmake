# The man page and completions, as the command prints them: cmake -DJOPA=build/jopa -DOUT=FOLDER -P documents.cmake
function(write_document file)
    get_filename_component(folder ${OUT}/${file} DIRECTORY)
    file(MAKE_DIRECTORY ${folder})
    execute_process(COMMAND ${JOPA} help ${ARGN} OUTPUT_FILE ${OUT}/${file} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

write_document(man/jopa.1 --man)
write_document(bash/jopa --completion bash)
write_document(zsh/_jopa --completion zsh)
write_document(fish/jopa.fish --completion fish)
