/**
 * The processor time that pieces of work took on all threads of the process. It tells what a scheduler adds to them even where the time on the clock does
 * not, because other programs have the processors.
 */
export class ProcessorTime {
  private micros = 0;
  private pieces = 0;
  private start = process.cpuUsage();

  begin(): void {
    this.start = process.cpuUsage();
  }

  end(pieces: number): void {
    const { user, system } = process.cpuUsage(this.start);
    this.micros += user + system;
    this.pieces += pieces;
  }

  describe(): string {
    const each = Math.round((this.micros * 1000) / this.pieces);
    return `${each.toLocaleString("en-US")} ns of processor time each`;
  }
}
