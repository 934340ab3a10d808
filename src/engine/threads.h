/* How many threads compute. */
#ifndef JP_THREADS_H
#define JP_THREADS_H

/* `wanted`, or for 0 all of the `online` cores; what ggml can take. */
int jp_thread_count(int wanted, long online);
/* The same, on this machine. */
int jp_threads(int wanted);

#endif
