/* The least that a program on libauparse does with an audit.log: every event, every record, and of
 * logons the account, the address and the outcome. Prints how many it saw.
 *   auparse-loop audit.log */
#include <auparse.h>
#include <libaudit.h>
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv) {
  if (argc != 2) return 1;
  auparse_state_t *audit = auparse_init(AUSOURCE_FILE, argv[1]);
  if (audit == NULL) return 2;
  unsigned long records = 0, logons = 0, granted = 0, named = 0;
  while (auparse_next_event(audit) > 0) {
    do {
      ++records;
      if (auparse_get_type(audit) != AUDIT_USER_LOGIN && auparse_get_type(audit) != AUDIT_USER_AUTH)
        continue;
      ++logons;
      if (auparse_find_field(audit, "acct") != NULL && auparse_interpret_field(audit) != NULL) ++named;
      if (auparse_find_field(audit, "addr") != NULL) ++named;
      const char *result =
          auparse_find_field(audit, "res") != NULL ? auparse_get_field_str(audit) : NULL;
      if (result != NULL && strcmp(result, "success") == 0) ++granted;
    } while (auparse_next_record(audit) > 0);
  }
  auparse_destroy(audit);
  printf("%lu records, %lu of logons, %lu granted, %lu fields\n", records, logons, granted, named);
  return 0;
}
