#ifndef JP_CLOCK_H
#define JP_CLOCK_H

double jp_seconds(void); /* monotonic clock, seconds */

#endif
