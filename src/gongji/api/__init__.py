"""The public interface for programmers: quotes, rules, areas and articles, without an account."""
