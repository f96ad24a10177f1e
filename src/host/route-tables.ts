/** Numbers of routing tables, which `ip` writes by name where /etc/iproute2/rt_tables has one. */
import { ROUTE_TABLE_DEFAULT, ROUTE_TABLE_LOCAL, ROUTE_TABLE_MAIN } from '../../assembly/abi.ts';

/** Names that are not the kernel's get numbers from here: no file of the snapshot has them. */
const FIRST_NAMED = 2 ** 31;

export class RouteTables {
  private readonly numbers = new Map<string, number>([
    ['unspec', 0],
    ['default', ROUTE_TABLE_DEFAULT],
    ['main', ROUTE_TABLE_MAIN],
    ['local', ROUTE_TABLE_LOCAL],
  ]);
  private next = FIRST_NAMED;

  /** The table's number: its own, or one that the same name always gets. */
  number(text: string): number {
    if (/^\d{1,10}$/.test(text) && Number(text) <= 0xffffffff) return Number(text);
    let number = this.numbers.get(text);
    if (number === undefined) {
      number = this.next++;
      this.numbers.set(text, number);
    }
    return number;
  }
}
