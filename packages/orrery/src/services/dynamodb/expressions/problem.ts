/**
 * Owns: how a problem inside an expression leaves a parser: as an exception without the parameter's
 * name, which whoever called the parser knows (`expressions.ts`).
 */
export class ExpressionProblem extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ExpressionProblem';
  }
}
