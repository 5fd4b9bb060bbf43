"""An annotation history through the code that workers run, without a broker. Reads files; decides nothing itself."""
