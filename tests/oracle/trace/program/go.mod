module trace-program

go 1.18
